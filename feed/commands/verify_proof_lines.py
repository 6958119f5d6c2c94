"""What `feed verify --proof` prints: one entry, its place in a signed result, and what a proof cannot show."""

from msgspec import UNSET

from feed.commands.verify_lines import Line, problem_lines, signature_lines, verdict_lines
from feed.prizes.result.document import NOT_ELIGIBLE, label_of
from feed.prizes.result.messages import REASONS
from feed.prizes.result.proof import Proof, ProofVerification
from feed.reasons import WORDS
from feed.texts import quoted


def proof_lines(finding: ProofVerification) -> list[Line]:
    """The printed lines of a finding about a proof; the verdict is the last one."""
    lines = [*_about(finding), *problem_lines(finding), *signature_lines(finding)]
    if finding.is_valid and finding.proof is not None:
        lines += [
            *_about_amendments(finding.proof),
            Line(
                "无法由证明得知：其他各行、名次是否由全部各行算出（请验证整份结果）；此后是否又有更正。",
                "A proof cannot tell: what the other rows are, whether the ranks follow from all rows (verify the whole result for that), "
                "whether there are later amendments.",
            ),
        ]
    return [*lines, *verdict_lines(finding)]


def _about(finding: ProofVerification) -> list[Line]:
    proof = finding.proof
    if proof is None:
        return []
    head = proof.result
    about = f"{quoted(head.campaign.title, 200)} · {head.campaign.id} · {head.frozen_at}"
    lines = [Line(about, about)]
    if not finding.is_consistent or head.tree is UNSET:
        return lines
    lines += [
        Line(
            f"条目 {label_of(proof.row)} 是结果 {head.tree.size} 行中的第 {proof.index + 1} 行，路径与签名所含的树根一致",
            f"entry {label_of(proof.row)} is row {proof.index + 1} of {head.tree.size}; its path leads to the root that is signed",
            "[✓]",
        ),
    ]
    row = proof.row
    if row.score is not UNSET:
        marks = len(row.marks or ())
        lines += [
            Line(
                f"    得分 {row.score}：质量分 {row.quality}（{marks} 份打分）、{row.likes_counted} 个点赞、{row.commenters_counted} 位评论者",
                f"    score {row.score}: quality {row.quality} of {marks} marks, {row.likes_counted} likes, {row.commenters_counted} commenters",
            ),
        ]
    return [*lines, *_about_rank(finding, proof)]


def _about_rank(finding: ProofVerification, proof: Proof) -> list[Line]:
    row = proof.row
    if row.rank is None:
        words = WORDS[row.reason or NOT_ELIGIBLE]
        return [Line(f"    未入排名：{words.zh}", f"    not ranked: {words.en}")]
    if finding.place is not None:
        prizes = next(each.prizes for each in proof.result.winners if each.place == finding.place)
        names = "、".join(quoted(str(prize.get("name")), 60) for prize in prizes)
        return [
            Line(
                f"    名次 {row.rank}，现持有获奖第 {finding.place} 位：{names}",
                f"    rank {row.rank}, and holds place {finding.place} now: {names}",
            ),
        ]
    return [Line(f"    名次 {row.rank}，现不持有获奖位", f"    rank {row.rank}, and holds no place now")]


def _about_amendments(proof: Proof) -> list[Line]:
    lines = []
    for each in proof.amendments:
        why = REASONS[each.reason]
        enters = "—" if each.enters is None else label_of(each.enters)
        change = f"    {each.made_at[:10]} #{each.place}: {label_of(each.leaves)} → {enters}"
        lines.append(Line(f"{change}（{why[0]}）", f"{change} ({why[1]})"))
    return lines
