"""Messages of `feed audit` for each finding, in Chinese and English. Pure."""

from feed.audit.findings import Code, Finding, Place

FINDINGS: dict[Code, tuple[str, str]] = {
    "row_changed": ("内容被改动", "was changed after it was written"),
    "row_removed": ("已封存的记录不见了", "was removed after it was sealed"),
    "row_inserted": (
        "不是应用当时写下的，是后来补入的",
        "was not written by the application at its time: inserted later",
    ),
    "row_twice": ("同一编号出现两次", "is there twice"),
    "row_time": ("时间与编号不符", "has a time that is not that of its id"),
    "row_order": ("顺序被改动", "is not in its order"),
    "number_removed": ("序号缺失", "is missing"),
    "number_unsealed": ("有序号而无封存，封存记录被截去", "has no seal: seals were cut off"),
    "batch_removed": ("封存记录不见了", "was removed"),
    "batch_unreadable": ("封存记录无法读取", "cannot be read"),
    "batch_changed": ("封存记录被改动", "was changed"),
    "batch_signature": ("不是本站密钥的有效签名", "is not signed by a key of this site"),
    "batch_position": ("与前一批的序号不衔接", "does not continue the numbers of the batch before"),
    "batch_former": ("与前一批的树根不衔接", "does not follow the batch before"),
    "batch_root": ("各条记录与签名所含的树根不符", "has rows, or an order of them, that were not signed"),
    "batch_inserted": ("是多出来的封存记录", "was inserted beside those that the application has made"),
    "batch_replaced": (
        "与库外保存的检查点不同，封存被替换",
        "is not the one of the checkpoint outside: the seal was replaced",
    ),
    "cut_off": ("库外检查点之前的内容被截去", "is missing although a checkpoint outside has it: the end was cut off"),
    "checkpoint_signature": ("库外检查点的签名无效", "of the checkpoint outside is not signed by a key of this site"),
}
PLACES: dict[Place, tuple[str, str]] = {
    "row": ("记录", "row"),
    "number": ("序号", "number"),
    "batch": ("批次", "batch"),
}


def words_of(finding: Finding) -> tuple[str, str]:
    """The place and the finding in both languages."""
    zh, en = PLACES[finding.place]
    chinese, english = FINDINGS[finding.code]
    if finding.first == finding.last:
        return f"{zh} {finding.first}：{chinese}", f"{en} {finding.first} {english}"
    return f"{zh} {finding.first}–{finding.last}：{chinese}", f"{en} {finding.first} to {finding.last}: {english}"
