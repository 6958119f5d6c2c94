"""The diversity rule of rankings: it limits consecutive posts of one author or topic by moving posts down. None is left out."""

from bisect import insort
from collections import Counter, defaultdict, deque
from collections.abc import Collection, Iterator, Mapping, Sequence

from feed.boards.model import Row

# The maximum per author and per topic among any WINDOW consecutive posts.
WINDOW = 10
AUTHOR_MOST = 2
TOPIC_MOST = 5
# The search for a post under another topic ends after this many authors, which bounds the time if one topic dominates.
_SEARCH_LIMIT = 50

Topics = Mapping[int, Collection[int]]


def diversify(rows: Sequence[Row], topics: Topics) -> list[int]:
    """The ids of `rows` (best first) in diversified order: each place gets the best post that exceeds neither limit.

    If every post would exceed one, the topic limit is dropped first, and then the author limit, which happens when only
    posts of authors at their limit are left. The posts of one author keep their order.
    """
    waiting: dict[int, deque[int]] = defaultdict(deque)
    for rank, row in enumerate(rows):
        waiting[row.author_id].append(rank)
    # For each author the best post without a place, by rank.
    heads = sorted(ranks.popleft() for ranks in waiting.values())
    window: deque[int] = deque()
    author_counts: Counter[int] = Counter()
    topic_counts: Counter[int] = Counter()
    order: list[int] = []
    while heads:
        place = _next_place(heads, rows, topics, author_counts, topic_counts)
        rank = heads.pop(place)
        if more := waiting[rows[rank].author_id]:
            insort(heads, more.popleft())
        order.append(rows[rank].post_id)
        window.append(rank)
        _count(rows[rank], topics, author_counts, topic_counts, by=1)
        if len(window) == WINDOW:
            _count(rows[window.popleft()], topics, author_counts, topic_counts, by=-1)
    return order


def _next_place(
    heads: Sequence[int], rows: Sequence[Row], topics: Topics, author_counts: Counter[int], topic_counts: Counter[int]
) -> int:
    fallback: int | None = None
    for searched, place in enumerate(_of_new_authors(heads, rows, author_counts)):
        if searched == _SEARCH_LIMIT:
            break
        if all(topic_counts[topic] < TOPIC_MOST for topic in topics.get(rows[heads[place]].post_id, ())):
            return place
        fallback = place if fallback is None else fallback
    return fallback or 0


def _of_new_authors(heads: Sequence[int], rows: Sequence[Row], author_counts: Counter[int]) -> Iterator[int]:
    return (place for place, rank in enumerate(heads) if author_counts[rows[rank].author_id] < AUTHOR_MOST)


def _count(row: Row, topics: Topics, author_counts: Counter[int], topic_counts: Counter[int], *, by: int) -> None:
    author_counts[row.author_id] += by
    topic_counts.update(dict.fromkeys(topics.get(row.post_id, ()), by))
