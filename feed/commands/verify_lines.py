"""The lines of `feed verify` in Chinese, English or both, and those that results and proofs share: problems, signature, verdict."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from feed.prizes.result.messages import PROBLEMS
from feed.prizes.result.problem import Findings

Language = Literal["zh", "en", "both"]


class Line(NamedTuple):
    """A line in both languages, after its mark: `[✓]` checked, `[✗]` wrong, `[?]` to be looked up, or none."""

    zh: str
    en: str
    mark: str = ""


def printed(lines: Iterable[Line], language: Language) -> list[str]:
    """The lines as text. In both languages the English follows the Chinese, indented below a mark."""
    texts = []
    for line in lines:
        mark = f"{line.mark} " if line.mark else ""
        match language:
            case "zh":
                texts.append(mark + line.zh)
            case "en":
                texts.append(mark + line.en)
            case "both":
                texts.append(mark + line.zh)
                if line.en != line.zh:
                    texts.append(" " * len(mark) + line.en)
    return texts


def verdict_lines(finding: Findings) -> list[Line]:
    """The verdict, which is printed last."""
    if not finding.is_valid:
        return [Line("结论：无效，见上方标有 [✗] 的各行", "VERDICT: NOT valid; see the lines with [✗] above")]
    if finding.signed == "not_checked":
        return [
            Line(
                "结论：自洽，来源未验证（没有给出公钥）",
                "VERDICT: self-consistent; its source was not verified, because no key was given",
            )
        ]
    return [
        Line(
            "结论：有效，重算一致，签名相符",
            "VERDICT: valid; recomputed and the same, and signed with a key that was given",
        )
    ]


def problem_lines(finding: Findings) -> list[Line]:
    """What is wrong, each with its path."""
    lines = []
    for problem in finding.problems[:20]:
        chinese, english = PROBLEMS[problem.code]
        expected = f" → {problem.expected}" if problem.expected else ""
        lines.append(Line(f"{problem.where}：{chinese}{expected}", f"{problem.where}: {english}{expected}", "[✗]"))
    if more := len(finding.problems[20:]):
        lines.append(Line(f"    还有 {more} 处", f"    and {more} more"))
    return lines


def signature_lines(finding: Findings) -> list[Line]:
    """Who signed; nothing for a document that cannot be read."""
    key = finding.key_id
    if key is None:
        return []
    match finding.signed:
        case "authentic":
            return [Line(f"签名有效：密钥 {key}", f"signed with the key {key}", "[✓]")]
        case "wrong":
            return [
                Line(
                    "签名不符：文件在签名后被改动过",
                    "the signature is wrong: the document was changed after it was signed",
                    "[✗]",
                )
            ]
        case "unknown_key":
            return [
                Line(
                    f"签名所用密钥 {key} 不在所给密钥之中",
                    f"signed with the key {key}, which is not among those given",
                    "[✗]",
                )
            ]
        case "key_over":
            return [
                Line(
                    f"签名所用密钥 {key} 在结果冻结之前已停用",
                    f"signed with the key {key}, whose time was over before the sheet was frozen",
                    "[✗]",
                )
            ]
        case "not_checked":
            if finding.is_consistent:
                return [
                    Line(
                        "自洽，但未验证来源：没有给出公钥（--key）",
                        "self-consistent, not authenticated: no key was given",
                        "[?]",
                    )
                ]
            return [Line("未给出公钥，签名未检查", "no key was given: the signature was not looked at", "[?]")]
