"""The lines of `feed verify` that results and proofs share: problems, signature, verdict."""

from typing import Protocol

from feed.commands.verify_messages import PROBLEMS
from feed.prizes.result.problem import Problem
from feed.prizes.result.verify import SignatureStatus


class Finding(Protocol):
    """What a verification of either has found."""

    @property
    def problems(self) -> list[Problem]: ...

    @property
    def signed(self) -> SignatureStatus: ...

    @property
    def key_id(self) -> str | None: ...

    @property
    def is_consistent(self) -> bool: ...

    @property
    def is_valid(self) -> bool: ...


def verdict_lines(finding: Finding) -> list[str]:
    """The verdict, which is printed last."""
    if not finding.is_valid:
        return ["结论：无效，见上方标有 [✗] 的各行", "VERDICT: NOT valid; see the lines with [✗] above"]
    if finding.signed == "not_checked":
        return [
            "结论：自洽，来源未验证（没有给出公钥）",
            "VERDICT: self-consistent; its source was not verified, because no key was given",
        ]
    return [
        "结论：有效，重算一致，签名相符",
        "VERDICT: valid; recomputed and the same, and signed with a key that was given",
    ]


def problem_lines(finding: Finding) -> list[str]:
    """What is wrong, each with its path, in both languages."""
    lines = []
    for problem in finding.problems[:20]:
        chinese, english = PROBLEMS[problem.code]
        lines.append(
            f"[✗] {problem.where}：{chinese} · {english}" + (f" → {problem.expected}" if problem.expected else "")
        )
    if more := len(finding.problems[20:]):
        lines.append(f"    还有 {more} 处 · and {more} more")
    return lines


def signature_lines(finding: Finding) -> list[str]:
    """Who signed; nothing for a document that cannot be read."""
    if finding.key_id is None:
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
