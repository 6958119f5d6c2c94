"""Output of the demo in one of two languages: live on a terminal, plain lines elsewhere."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Literal

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.rule import Rule
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from feed.demo.line_breaks import folded
from feed.terminal import escaped

Language = Literal["zh", "en"]
_WIDTH_OF_FILES = 110


class Unexpected(Exception):
    """A check failed; the message says what was expected."""


class _Console(Console):
    """A console on which texts of users are escaped; only rich itself writes control sequences."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The segments of a renderable."""
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else "\n".join(map(escaped, text.split("\n"))), style, control)


class Output:
    """Prints the demo and counts the checks."""

    def __init__(self, language: Language = "zh", console: Console | None = None) -> None:
        self.language: Language = language
        self.console = console or _console()
        self.checked = 0
        self._chapter = 0
        self._began = time.monotonic()

    def words(self, zh: str, en: str) -> str:
        """The text in the chosen language."""
        return zh if self.language == "zh" else en

    def chapter(self, zh: str, en: str) -> None:
        """Prints the title of a chapter with the seconds since the start."""
        self._chapter += 1
        seconds = time.monotonic() - self._began
        self.console.print()
        title = Text(f"{self._chapter}  {self.words(zh, en)}", style="bold cyan")
        title.append(f"   {seconds:.0f} s", style="dim")
        self.console.print(title)
        self.console.print(Rule(style="cyan dim"))

    def say(self, zh: str, en: str) -> None:
        """Prints a sentence; rich's markup is interpreted."""
        self._print(self.words(zh, en), first="  ")

    def show(self, thing: RenderableType) -> None:
        """Prints a table or another renderable of rich."""
        self.console.print(Padding(thing, (0, 0, 0, 2), expand=False))

    def line(self, text: str) -> None:
        """Prints a line to be copied: neither wrapped nor coloured."""
        self.console.print(Text(text), soft_wrap=True)

    def expect(self, condition: bool, zh: str, en: str, *, found: object = None) -> None:
        """Prints a check that holds. Raises Unexpected with the value found if it does not."""
        self.check(condition, zh, en, found=found)
        self._print(self.words(zh, en), first="  [green]✓[/] ")

    def _print(self, markup: str, *, first: str) -> None:
        begin = Text.from_markup(first)
        lines = folded(Text.from_markup(markup), self.console.width - begin.cell_len).split("\n")
        indent = Text(" " * begin.cell_len)
        for number, line in enumerate(lines):
            self.console.print((indent if number else begin) + line, no_wrap=True, overflow="ignore")

    def check(self, condition: bool, zh: str, en: str, *, found: object = None) -> None:
        """Counts a check that holds without printing it. Raises Unexpected if it does not."""
        if not condition:
            said = Text.from_markup(self.words(zh, en)).plain
            raise Unexpected(said if found is None else f"{said}\n{self.words('实际得到', 'found')}: {found}")
        self.checked += 1

    def fail(self, what: str) -> None:
        """Prints why the demo failed."""
        said = self.words("✗ 演示中止：与预期不符", "✗ The demo breaks off: not as expected")
        self.console.print()
        self.console.print(Text(f"{said}\n{what}", style="bold red"), soft_wrap=True)

    @contextmanager
    def progress(self, zh: str, en: str, total: int = 0) -> Iterator["Steps"]:
        """A progress bar, removed at its end; nothing where there is no terminal. `Steps.add` raises the total."""
        if not self.console.is_terminal:
            yield Steps()
            return
        columns = (
            TextColumn("  {task.description}"),
            BarColumn(bar_width=32),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self.console, transient=True) as bar:
            task = bar.add_task(escape(self.words(zh, en)), total=total)

            def add(count: int) -> None:
                nonlocal total
                total += count
                bar.update(task, total=total)

            yield Steps(lambda: bar.advance(task), add)

    async def countdown(self, until: float, zh: str, en: str) -> None:
        """Waits until a Unix time in seconds and shows the time left."""
        if self.console.is_terminal:
            with Live(console=self.console, transient=True, auto_refresh=False) as live:
                while (left := until - time.time()) > 0:
                    live.update(Text(f"  ⏳ {self.words(zh, en)} {left:4.1f} s", style="yellow"), refresh=True)
                    await asyncio.sleep(min(0.2, left))
        elif (left := until - time.time()) > 0:
            self.say(f"（{zh} {left:.0f} 秒）", f"({en} {left:.0f} s)")
            await asyncio.sleep(left)

    @asynccontextmanager
    async def board(self, caption: str) -> AsyncIterator["Board"]:
        """A leaderboard that is redrawn on a terminal; elsewhere each `keep` prints it."""
        board = Board(self, caption)
        if self.console.is_terminal:
            with Live(console=self.console, auto_refresh=False, transient=True) as live:
                board.live = live
                yield board
            board.live = None
        else:
            yield board


class Steps:
    """The steps of a task that takes time."""

    def __init__(self, advance: Callable[[], None] | None = None, add: Callable[[int], None] | None = None) -> None:
        self._advance = advance
        self._add = add

    def step(self) -> None:
        """Counts one step as done."""
        if self._advance is not None:
            self._advance()

    def add(self, count: int) -> None:
        """Adds steps that were not known before."""
        if self._add is not None:
            self._add(count)


class Board:
    """The live leaderboard; entries that rose since the last update are marked."""

    def __init__(self, output: Output, caption: str) -> None:
        self.live: Live | None = None
        self._output = output
        self._caption = caption
        self._ranks: dict[str, int] = {}
        self._table: Table | None = None
        self.updates = 0
        self.moves = 0

    def update(self, rows: Sequence["Place"], foot: str) -> None:
        """Redraws the leaderboard."""
        words = self._output.words
        table = Table(title=self._caption, title_style="bold", title_justify="left", pad_edge=False, box=None)
        for name, style in (
            (words("名次", "rank"), "bold"),
            ("", "green"),
            (words("作者", "author"), ""),
            (words("作品", "post"), "dim"),
            (words("赞", "likes"), ""),
            (words("评论", "comments"), ""),
            (words("得分", "score"), "bold"),
        ):
            table.add_column(name, style=style, no_wrap=True, justify="right" if style == "bold" else "left")
        for row in rows:
            before = self._ranks.get(row.post_id)
            arrow = "" if before is None or before == row.rank else "▲" if row.rank < before else "▼"
            self.moves += bool(arrow)
            table.add_row(str(row.rank), arrow, row.author, row.snippet, str(row.likes), str(row.comments), row.score)
        self._ranks = {row.post_id: row.rank for row in rows}
        self._table = table
        self.updates += 1
        if self.live is not None:
            self.live.update(Padding(Group(table, Text(foot, style="dim")), (0, 0, 0, 2)), refresh=True)

    def keep(self) -> None:
        """Prints the leaderboard as it is now."""
        if self._table is not None:
            self._output.show(self._table)


class Place:
    """A row of the leaderboard."""

    def __init__(self, item: dict[str, Any], snippet: str) -> None:
        post = item["post"]
        self.rank: int = item["rank"]
        self.post_id: str = post["id"]
        self.author: str = post["author"]["name"]
        self.likes: int = post["like_count"]
        self.comments: int = post["comment_count"]
        self.score = f"{float(item['score']):.2f}"
        self.snippet = snippet


def _console() -> Console:
    found = _Console(highlight=False)
    if found.is_terminal:
        return found
    # Rich assumes 80 columns where there is no terminal; COLUMNS says otherwise.
    width = found.width if "COLUMNS" in os.environ else _WIDTH_OF_FILES
    return _Console(highlight=False, width=width, no_color=True)
