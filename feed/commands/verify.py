"""`feed verify`: anybody works a published result out again, without a network and without a database."""

import argparse
from pathlib import Path

from msgspec import UNSET

from feed.prizes.drawn import Drawn
from feed.prizes.verify import Finding, verify_result
from feed.processes import CannotStart
from feed.signatures import KeysUnreadable, PublicKey, read_public_keys

# What each kind of problem means, Chinese first.
_PROBLEMS = {
    "unreadable": ("不是完整的结果文件", "this is no whole result document"),
    "rules_hash": ("规则与其哈希不符", "the rules do not have the hash that is stated"),
    "rules_unreadable": ("规则无法执行", "the rules cannot be executed"),
    "title": ("标题与规则不符", "the title is not that of the rules"),
    "spelling": ("数值写法有误", "a value is not spelled as a result spells it"),
    "frozen_too_early": ("冻结早于截止", "frozen before the campaign was over"),
    "entry_twice": ("同一作品出现两次", "an entry appears twice"),
    "outside_of_the_period": ("作品不在活动期间", "an entry from outside of the period"),
    "score": ("得分算错", "the score is not what quality, likes and comments make"),
    "judged_and_skipped": ("作品既参评又被跳过", "an entry is both judged and skipped"),
    "rank": ("名次算错", "the rank is not what scores and tie-breaks make"),
    "order": ("行序有误", "the rows are not in order"),
    "counts": ("合计算错", "the sums are not those of the sheet"),
    "winners": ("获奖者与得分表不符", "not who wins by the sheet and the rules"),
    "reserves": ("候补与得分表不符", "not who is next by the sheet and the rules"),
    "amendment_chain": (
        "更正与结果或前一份更正不衔接",
        "an amendment is not chained to the result and the one before it",
    ),
    "amendment_time": ("更正早于此前的文件", "an amendment is older than what it follows"),
    "amendment_key": (
        "更正所用密钥不在所给密钥之中",
        "an amendment is signed with a key that is not among those given",
    ),
    "amendment_signature": ("更正的签名不符，签名后被改动过", "an amendment was changed after it was signed"),
    "amendment_key_over": ("更正的时间晚于其密钥的有效期", "an amendment is dated after the end of its key"),
    "amendment_leaves": (
        "更正中离开的人当时不在该名次",
        "an amendment takes a place from somebody who did not hold it",
    ),
    "amendment_passed_over": (
        "更正未按候补顺序列出被越过者",
        "an amendment does not list whom it passes over in the order of the reserves",
    ),
    "amendment_enters": ("递补者不是下一名候补", "who takes the place is not the next of the reserves"),
    "amendment_kept_empty": ("按规则逾期未领的名次应空缺", "by the rules a place that is not claimed stays empty"),
    "draw_missing": ("抽签部分与规则所写方式不符", "the draw's part is not what the method of the rules asks for"),
    "draw_counts_nothing": ("抽签不计点赞、评论和打分", "in a draw likes, comments and marks count nothing"),
    "draw_tickets": ("签数与签单不符", "not the number of tickets on the list"),
    "draw_list_sha256": ("签单与其哈希不符", "the list does not have the hash that was published"),
    "draw_nonce_sha256": ("保密随机数与其哈希不符", "the nonce does not have the hash that was committed to"),
    "draw_seed": ("种子算错", "the seed is not what list, nonce and value make"),
    "draw_publicly_verifiable": ("可否公开验证标注有误", "wrongly labelled as publicly verifiable or not"),
    "draw_list": ("签单的增减与可获奖名单不符", "what left and joined the list does not fit who may win"),
    "draw_earlier": ("先前签单的列举有误", "the earlier lists are not listed right"),
    "draw_corrected": ("更正前的公开值列举有误", "the numbers that were corrected are not listed right"),
    "draw_beacon": ("公开值与规则所写来源不符", "the value is not from a source as the rules name it"),
    "draw_beacon_time": ("公开值的时间不在规定之内", "the value did not appear when it had to"),
    "draw_chain": ("未知的信标链", "a chain whose key is not known here"),
    "draw_round": ("不是应取的那一轮", "not the round that decides"),
    "draw_signature": ("信标签名无效", "the beacon's signature is not valid"),
    "draw_value": ("公开值与信标签名不符", "the value is not that of the beacon's signature"),
}

# Why a public number was wrong.
_CORRECTIONS = {
    "misread": ("录入有误", "it was misread"),
    "wrong_issue": ("录入了另一期", "it was of another issue"),
    "publisher_corrected": ("发布方更正", "its publisher corrected it"),
}

# Why a place was left.
_REASONS = {
    "not_claimed": ("逾期未领", "not claimed in time"),
    "declined": ("放弃", "declined"),
    "post_deleted": ("作者删除作品", "the author deleted the post"),
    "erased": ("注销账号", "the account was erased"),
    "objection_upheld": ("异议成立", "an objection was upheld"),
    "replaced": ("经两人核定更换", "replaced by two people"),
}


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "verify",
        help="离线验证评选结果 · verify a published result offline",
        description="Recomputes scores, ranks, winners and reserves from the sheet inside of a published result, and with "
        "--key checks who signed it. Exit status 1 when anything is wrong.",
    )
    parser.add_argument("result", type=Path, metavar="RESULT.json", help="what GET /v1/campaigns/{id}/result has given")
    parser.add_argument(
        "--key",
        metavar="K",
        help="the site's public key: the file of /.well-known/feed-keys.json, or the key in base64",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    keys = None if arguments.key is None else _read_keys(arguments.key)
    try:
        text = arguments.result.read_bytes()
    except OSError as error:
        raise CannotStart(f"无法读取文件。\n{arguments.result} cannot be read: {error.strerror}") from None
    finding = verify_result(text, keys)
    print("\n".join(said(finding)))
    return 0 if finding.holds else 1


def said(finding: Finding) -> list[str]:
    """The lines that tell a finding: what was checked, what is wrong, and what nobody can know from the file."""
    lines = [
        *_about(finding),
        *_problems(finding),
        *_about_signature(finding),
        *_about_amendments(finding),
        *_about_holders(finding),
    ]
    if finding.holds and finding.outcome is not None and finding.outcome.draw is not UNSET:
        lines += _about_draw(finding.outcome.draw)
    elif finding.holds:
        lines += [
            "无法由文件得知：点赞评论者是否真人、未入排名的作品是否应被排除、评委打分是否公道；姓名不在签名之内。",
            "A file cannot tell: whether likers are real people, whether what is unranked was rightly excluded, "
            "whether marks were fair; names are outside of what is signed.",
        ]
    return lines


def _about(finding: Finding) -> list[str]:
    outcome = finding.outcome
    if outcome is None:
        return []
    head = f"{outcome.campaign.title} · {outcome.campaign.id} · {outcome.frozen_at}"
    if not finding.is_consistent:
        return [head]
    rows, winners, reserves = len(outcome.sheet), len(outcome.winners), len(outcome.reserves)
    return [
        head,
        f"[✓] 重算一致：规则哈希、{rows} 行得分、名次、{winners} 名得主、{reserves} 名候补",
        f"    recomputed and the same: the hash of the rules, {rows} scores, the ranks, {winners} winners, {reserves} reserves",
    ]


def _about_amendments(finding: Finding) -> list[str]:
    outcome = finding.outcome
    if outcome is None or not finding.holds:
        return []
    lines = []
    if outcome.withdrawn is not UNSET:
        lines += [
            f"[?] 本活动此前公布过 {len(outcome.withdrawn)} 份结果，经异议撤销，原因见主办方说明",
            f"    {len(outcome.withdrawn)} earlier results were announced and set aside: ask the organiser why",
        ]
    if amended := finding.amendments:
        signed = ("，签名均有效", ", and each is signed") if finding.signed == "authentic" else ("", "")
        lines += [
            f"[✓] {len(amended)} 份更正：依次衔接，递补顺序无误{signed[0]}",
            f"    {len(amended)} amendments: chained to the result and each other, the next in line each time{signed[1]}",
        ]
        for each in amended:
            enters = "—" if each.enters is None else each.enters.post_id
            why = _REASONS[each.reason]
            lines.append(
                f"    {each.made_at[:10]} #{each.place}: {each.leaves.post_id} → {enters} ({why[0]} · {why[1]})"
            )
    return [
        *lines,
        "无法由文件得知：文件取得之后是否又有更正；被越过的候补和离开的得主是否应当如此。",
        "A file cannot tell: whether there are later amendments, whether who left or was passed over had to.",
    ]


def _about_holders(finding: Finding) -> list[str]:
    if finding.outcome is None or not finding.holds:
        return []
    chinese = "，".join(f"#{place} {post_id or '空缺'}" for place, post_id in enumerate(finding.holders, 1))
    english = ", ".join(f"#{place} {post_id or 'nobody'}" for place, post_id in enumerate(finding.holders, 1))
    lines = [f"    各名次现由下列作品持有：{chinese}", f"    who holds each place now, by post: {english}"]
    if finding.names:
        lines += [
            f"[?] 另附 {finding.names} 个姓名，均不在签名之内，无法由文件核实",
            f"    {finding.names} names are joined to it, none of them signed: nothing in the file vouches for them",
        ]
    return lines


def _about_draw(drawn: Drawn) -> list[str]:
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
    lines = [f"[✓] 抽签重算一致：{checked[0]}", f"    recomputed and the same: {checked[1]}"]
    lines += [f"[{'✓' if beacon.source == 'drand' else '?'}] {how[0]}", f"    {how[1]}"]
    for each in drawn.corrected or ():
        why = _CORRECTIONS[each.reason]
        lines += [
            f"[?] {each.corrected_at} 由两人更正公开值：原录入第 {each.round} 期 {each.value}（{why[0]}），请与开奖公告核对",
            f"    corrected by two people, one of whom had not entered it: it was {each.value} of issue {each.round} "
            f"({why[1]}); look both up",
        ]
    if drawn.removed or drawn.added:
        void, joined = len(drawn.removed or ()), len(drawn.added or ())
        lines += [
            f"[?] 抽签后重新核定：{void} 签作废，{joined} 签补入且排在最后，签序不变，原因见主办方说明",
            f"    judged again after the draw: {void} tickets void, {joined} joined behind all others, in the order that was drawn: "
            "ask the organiser why",
        ]
    if drawn.earlier:
        lines += [
            f"[?] 此前另有 {len(drawn.earlier)} 份签单被撤销，原因见主办方说明",
            f"    {len(drawn.earlier)} earlier lists were set aside: ask the organiser why",
        ]
    return [
        *lines,
        f"无法由文件得知：随机数哈希 {drawn.nonce_sha256[:16]}… 和签单哈希 {drawn.list_sha256[:16]}… 是否按时公布（请与活动页面存档比对）、"
        "签上是否真人、未入签单者是否应被排除；姓名不在签名之内。",
        "A file cannot tell: whether these hashes were published in time (compare with what you saved of the campaign's page), "
        "whether tickets are real people, whether who has none was rightly excluded; names are outside of what is signed.",
    ]


def _problems(finding: Finding) -> list[str]:
    lines = []
    for problem in finding.problems[:20]:
        chinese, english = _PROBLEMS[problem.code]
        lines.append(
            f"[✗] {problem.where}：{chinese} · {english}" + (f" → {problem.expected}" if problem.expected else "")
        )
    if more := len(finding.problems[20:]):
        lines.append(f"    还有 {more} 处 · and {more} more")
    return lines


def _about_signature(finding: Finding) -> list[str]:
    if finding.outcome is None:
        return []
    match finding.signed:
        case "authentic":
            return [f"[✓] 签名有效：密钥 {finding.key_id}", f"    signed with the key {finding.key_id}"]
        case "wrong":
            return [
                "[✗] 签名不符：文件在签名后被改动过",
                "    the signature is wrong: the document was changed after it was signed",
            ]
        case "unknown_key":
            return [
                f"[✗] 签名所用密钥 {finding.key_id} 不在所给密钥之中",
                f"    signed with the key {finding.key_id}, which is not among those given",
            ]
        case "key_over":
            return [
                f"[✗] 签名所用密钥 {finding.key_id} 在结果冻结之前已停用",
                f"    signed with the key {finding.key_id}, whose time was over before the sheet was frozen",
            ]
        case "not_checked":
            return [
                "[?] 自洽，但未验证来源：没有给出公钥（--key）"
                if finding.is_consistent
                else "[?] 未给出公钥，签名未检查",
                "    self-consistent, not authenticated: no key was given"
                if finding.is_consistent
                else "    no key was given: the signature was not looked at",
            ]


def _read_keys(given: str) -> tuple[PublicKey, ...]:
    path = Path(given)
    try:
        return read_public_keys(path.read_text(encoding="utf-8") if path.is_file() else given)
    except (KeysUnreadable, OSError, UnicodeDecodeError) as error:
        raise CannotStart(f"公钥无法读取。\n--key names no file of keys and is no key: {error}") from None
