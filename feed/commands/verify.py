"""`feed verify`: verifies a published result, or the proof of one entry, offline, without network and database."""

import argparse
from pathlib import Path

from msgspec import UNSET

from feed.commands.verify_lines import Line, printed, problem_lines, signature_lines, verdict_lines
from feed.commands.verify_proof_lines import proof_lines
from feed.embedded.processes import CannotStart
from feed.keys.signatures import KeysUnreadable, PublicKey, read_public_keys
from feed.prizes.model import Forced
from feed.prizes.result.document import Outcome, label_of
from feed.prizes.result.draw_section import DrawSection
from feed.prizes.result.messages import CORRECTIONS, OVERRIDES, REASONS
from feed.prizes.result.proof import verify_proof
from feed.prizes.result.verify import Verification, verify_result
from feed.terminal import print_lines
from feed.texts import quoted


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "verify",
        help="离线验证活动结果 · verify a published result offline",
        description="Recomputes marks, scores, ranks, winners and reserves from the sheet inside of a published result, and with "
        "--key checks who signed it. With --proof it checks one entry against the signed root, without the sheet. "
        "Exit status 1 when anything is wrong.",
    )
    parser.add_argument(
        "result", type=Path, nargs="?", metavar="RESULT.json", help="what GET /v1/campaigns/{id}/result has given"
    )
    parser.add_argument(
        "--proof",
        type=Path,
        metavar="PROOF.json",
        help="instead of a result: what GET /v1/campaigns/{id}/proof has given, for one entry",
    )
    parser.add_argument(
        "--key",
        metavar="K",
        help="the site's public key: the file of /.well-known/feed-keys.json, or the key in base64",
    )
    parser.add_argument(
        "--lang", choices=("zh", "en", "both"), default="both", help="language of the findings (default both)"
    )
    parser.set_defaults(run=run, parser=parser)


def run(arguments: argparse.Namespace) -> int:
    if (arguments.result is None) is (arguments.proof is None):
        arguments.parser.error("请给出一份结果或一份证明 · give either RESULT.json or --proof PROOF.json")
    keys = None if arguments.key is None else _read_keys(arguments.key)
    path = arguments.result or arguments.proof
    try:
        text = path.read_bytes()
    except OSError as error:
        raise CannotStart(f"无法读取文件。\n{path} cannot be read: {error.strerror}") from None
    if arguments.proof is not None:
        proof_finding = verify_proof(text, keys)
        print_lines(*printed(proof_lines(proof_finding), arguments.lang))
        return 0 if proof_finding.is_valid else 1
    finding = verify_result(text, keys)
    print_lines(*printed(finding_lines(finding), arguments.lang))
    return 0 if finding.is_valid else 1


def finding_lines(finding: Verification) -> list[Line]:
    """The printed lines of a finding: what was checked, what is wrong, what the file cannot prove, and last the verdict.

    Last, so that nothing in the file can stand where a reader looks for it.
    """
    lines = [
        *_about(finding),
        *problem_lines(finding),
        *signature_lines(finding),
        *_about_amendments(finding),
        *_about_holders(finding),
    ]
    if finding.is_valid and finding.outcome is not None and finding.outcome.draw is not UNSET:
        lines += _about_draw(finding.outcome.draw)
    elif finding.is_valid:
        lines += [
            Line(
                "无法由文件得知：点赞评论者是否真人、未入排名的作品是否应被排除、评委打分是否公道；姓名不在签名之内。",
                "A file cannot tell: whether likers are real people, whether what is unranked was rightly excluded, "
                "whether marks were fair; names are outside of what is signed.",
            ),
        ]
    return [*lines, *verdict_lines(finding)]


def _about(finding: Verification) -> list[Line]:
    outcome = finding.outcome
    if outcome is None:
        return []
    about = f"{quoted(outcome.campaign.title, 200)} · {outcome.campaign.id} · {outcome.frozen_at}"
    head = Line(about, about)
    if not finding.is_consistent:
        return [head]
    rows, winners, reserves = len(outcome.sheet), len(outcome.winners), len(outcome.reserves)
    scores = ("", "") if outcome.draw is not UNSET else (f"{rows} 行得分、", f"{rows} scores, ")
    won = "获奖者" if outcome.draw is UNSET else "中奖者"
    return [
        head,
        Line(
            f"重算一致：规则哈希、{scores[0]}名次、{winners} 名{won}、{reserves} 名候补",
            f"recomputed and the same: the hash of the rules, {scores[1]}the ranks, {winners} winners, {reserves} reserves",
            "[✓]",
        ),
        *_about_second_format(outcome),
    ]


def _about_second_format(outcome: Outcome) -> list[Line]:
    if outcome.tree is UNSET:
        return []
    lines = [
        Line(
            f"{len(outcome.sheet)} 行与签名所含的树根一致：{outcome.tree.root[:16]}…",
            f"the {len(outcome.sheet)} rows have the root that is signed",
            "[✓]",
        ),
    ]
    if outcome.draw is UNSET:
        marks = [mark for row in outcome.sheet for mark in row.marks or ()]
        jurors = len({mark.juror for mark in marks})
        lines += [
            Line(
                f"{jurors} 位评委的 {len(marks)} 份打分：重算合计与质量分一致",
                f"{len(marks)} marks of {jurors} jurors make the qualities of the entries",
                "[✓]",
            ),
        ]
    for void in outcome.voids or ():
        kind = ("点赞", "likes") if void.kind == "like" else ("评论", "comments")
        lines.append(
            Line(
                f"主办方不计入的{kind[0]}：{void.count} 项（{void.reason_code}）",
                f"{kind[1]} that the organiser voided: {void.count} ({void.reason_code})",
                "[?]",
            )
        )
    return lines


def _about_amendments(finding: Verification) -> list[Line]:
    outcome = finding.outcome
    if outcome is None or not finding.is_valid:
        return []
    lines = []
    if outcome.withdrawn is not UNSET:
        lines += [
            Line(
                f"本活动此前公布过 {len(outcome.withdrawn)} 份结果，经异议撤销，原因见主办方说明",
                f"{len(outcome.withdrawn)} earlier results were announced and set aside: ask the organiser why",
                "[?]",
            ),
        ]
    if outcome.forced is not UNSET:
        lines += _about_force(outcome.forced)
    if amended := finding.amendments:
        signed = ("，签名均有效", ", and each is signed") if finding.signed == "authentic" else ("", "")
        lines += [
            Line(
                f"{len(amended)} 份更正：依次衔接，递补顺序无误{signed[0]}",
                f"{len(amended)} amendments: chained to the result and each other, the next in line each time{signed[1]}",
                "[✓]",
            ),
        ]
        for each in amended:
            enters = "—" if each.enters is None else label_of(each.enters)
            why = REASONS[each.reason]
            change = f"    {each.made_at[:10]} #{each.place}: {label_of(each.leaves)} → {enters}"
            lines.append(Line(f"{change}（{why[0]}）", f"{change} ({why[1]})"))
    return [
        *lines,
        Line(
            "无法由文件得知：文件取得之后是否又有更正；被越过的候补、失去名额的人是否应当如此。",
            "A file cannot tell: whether there are later amendments, whether who left or was passed over had to.",
        ),
    ]


def _about_force(forced: Forced) -> list[Line]:
    reason = quoted(forced.reason, 500) if forced.reason else None
    lines = [
        Line(
            f"主办方未等待下列 {len(forced.overrides)} 项即行评定，理由：{reason or '未说明'}",
            f"settled without waiting for {len(forced.overrides)} things; the reason given: {reason or 'none'}",
            "[?]",
        ),
    ]
    for each in forced.overrides[:20]:
        chinese, english = OVERRIDES.get(str(each.get("kind")), ("其他", "something else"))
        which = " ".join(f"{name}={value}" for name, value in sorted(each.items()) if name != "kind")
        lines.append(Line(f"    {chinese}：{which}", f"    {english}: {which}"))
    if more := len(forced.overrides[20:]):
        lines.append(Line(f"    还有 {more} 项", f"    and {more} more"))
    return lines


def _about_holders(finding: Verification) -> list[Line]:
    if finding.outcome is None or not finding.is_valid:
        return []
    chinese = "，".join(f"#{place} {entry or '空缺'}" for place, entry in enumerate(finding.holders, 1))
    english = ", ".join(f"#{place} {entry or 'vacant'}" for place, entry in enumerate(finding.holders, 1))
    lines = [Line(f"    各名额现由下列条目持有：{chinese}", f"    each place is now held by the entry: {english}")]
    if finding.names:
        lines += [
            Line(
                f"另附 {finding.names} 个姓名，均不在签名之内，无法由文件核实",
                f"{finding.names} names are joined to it, none of them signed: nothing in the file vouches for them",
                "[?]",
            ),
        ]
    return lines


def _about_draw(drawn: DrawSection) -> list[Line]:
    beacon = drawn.beacon
    checked = (
        "签单哈希、保密随机数哈希、种子、抽签顺序",
        "the hashes of list and nonce, the seed, the order of the lots",
    )
    match beacon.source:
        case "drand":
            how = (
                f"drand {beacon.name[:8]}… 第 {beacon.round} 轮：轮次正确，签名有效",
                f"round {beacon.round} of drand is the one that decides, and its signature is valid",
            )
        case "public_number":
            how = (
                f"{beacon.name} 第 {beacon.round} 期 {beacon.value}：请自行核对开奖公告，是否为 "
                f"{drawn.list_published_at} 满 60 秒后的第一期",
                f"look up whether {beacon.value} is the number of issue {beacon.round}, and whether that is the first one "
                f"60 seconds or more after {drawn.list_published_at}",
            )
        case "own":
            how = (
                "不可公开验证：未取得规则所列公开值，由主办方自行产生随机值",
                "not publicly verifiable: no value of a public beacon came, and the organiser made one",
            )
    lines = [
        Line(f"抽签重算一致：{checked[0]}", f"recomputed and the same: {checked[1]}", "[✓]"),
        Line(*how, "[✓]" if beacon.source == "drand" else "[?]"),
    ]
    for each in drawn.corrected or ():
        why = CORRECTIONS[each.reason]
        lines += [
            Line(
                f"{each.corrected_at} 由两人更正公开值：原录入第 {each.round} 期 {each.value}（{why[0]}），请与开奖公告核对",
                f"corrected by two people, one of whom had not entered it: it was {each.value} of issue {each.round} "
                f"({why[1]}); look both up",
                "[?]",
            ),
        ]
    if drawn.removed or drawn.added:
        void, joined = len(drawn.removed or ()), len(drawn.added or ())
        lines += [
            Line(
                f"抽签后重新核定：{void} 签作废，{joined} 签补入且排在最后，签序不变，原因见主办方说明",
                f"judged again after the draw: {void} tickets void, {joined} joined behind all others, in the order that was drawn: "
                "ask the organiser why",
                "[?]",
            ),
        ]
    return [
        *lines,
        Line(
            f"无法由文件得知：随机数哈希 {drawn.nonce_sha256[:16]}… 和签单哈希 {drawn.list_sha256[:16]}… 是否按时公布（请与活动页面存档比对）、"
            "签上是否真人、未入签单者是否应被排除；姓名不在签名之内。",
            "A file cannot tell: whether these hashes were published in time (compare with what you saved of the campaign's page), "
            "whether tickets are real people, whether who has none was rightly excluded; names are outside of what is signed.",
        ),
    ]


def _read_keys(given: str) -> tuple[PublicKey, ...]:
    path = Path(given)
    try:
        return read_public_keys(path.read_text(encoding="utf-8") if path.is_file() else given)
    except (KeysUnreadable, OSError, UnicodeDecodeError) as error:
        raise CannotStart(f"公钥无法读取。\n--key names no file of keys and is no key: {error}") from None
