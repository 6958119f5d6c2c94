"""Notifications from the announcement on: prizes, places that are lost, objections.

A key that ends in `.ranked` or `.draw` is chosen by the campaign's method. In a draw there are no works and no marks.
"""

from feed.screens.notices.template import Template, Templates, Words

_CLAIM_ZH = "请在{until:time}前到“我的奖品”填写领奖信息，逾期视为放弃。"
_CLAIM_EN = "Please enter your details under “My prizes” before {until:time}; later the prize counts as given up."
_ASK_ZH = "{contact:ask}"
_ASK_EN = "{contact:ask}"

PRIZES: Templates = {
    "prize.won.ranked": Template(
        Words(
            "你在{campaign:quoted}活动中获奖了",
            "恭喜你！奖品：{prizes:prizes}。" + _CLAIM_ZH + "奖品在结果最终确定后发放。",
        ),
        Words(
            "You have won in {campaign:quoted}",
            "Congratulations! Your prize: {prizes:prizes}. "
            + _CLAIM_EN
            + " Prizes are handed out once the result is final.",
        ),
    ),
    "prize.won.draw": Template(
        Words(
            "你在{campaign:quoted}活动中中奖了",
            "恭喜你！奖品：{prizes:prizes}。" + _CLAIM_ZH + "奖品在结果最终确定后发放。",
        ),
        Words(
            "You have won in the draw of {campaign:quoted}",
            "Congratulations! Your prize: {prizes:prizes}. "
            + _CLAIM_EN
            + " Prizes are handed out once the result is final.",
        ),
    ),
    "prize.claim_due": Template(
        Words("{campaign:quoted}活动的领奖即将截止", "你还没有填写领奖信息。" + _CLAIM_ZH),
        Words(
            "Your prize of {campaign:quoted} is about to lapse", "You have not entered your details yet. " + _CLAIM_EN
        ),
    ),
    "prize.lapsed": Template(
        Words("{campaign:quoted}活动的领奖已截止", "你未在规定时间内填写领奖信息，奖品已视为放弃。" + _ASK_ZH),
        Words(
            "Your prize of {campaign:quoted} has lapsed",
            "You entered no details in time, so the prize counts as given up. " + _ASK_EN,
        ),
    ),
    "prize.replaced.ranked": Template(
        Words("{campaign:quoted}活动的获奖资格已取消", "原因：{why:why_ranked}。{until:objection}" + _ASK_ZH),
        Words(
            "You are no longer a winner of {campaign:quoted}", "Reason: {why:why_ranked}. {until:objection}" + _ASK_EN
        ),
    ),
    "prize.replaced.draw": Template(
        Words("{campaign:quoted}活动的中奖资格已取消", "原因：{why:why_draw}。{until:objection}" + _ASK_ZH),
        Words("You are no longer a winner of {campaign:quoted}", "Reason: {why:why_draw}. {until:objection}" + _ASK_EN),
    ),
    "prize.undone.ranked": Template(
        Words(
            "{campaign:quoted}活动的结果已撤销",
            "公示期内有异议成立，本次结果已撤销，原获奖资格不再有效，活动将重新评定。" + _ASK_ZH,
        ),
        Words(
            "The result of {campaign:quoted} was withdrawn",
            "An objection was upheld: the result and its prizes do not stand, and the campaign is settled again. "
            + _ASK_EN,
        ),
    ),
    "prize.undone.draw": Template(
        Words(
            "{campaign:quoted}活动的结果已撤销",
            "公示期内有异议成立，本次结果已撤销，原中奖资格不再有效，活动将重新核定中奖名单。" + _ASK_ZH,
        ),
        Words(
            "The result of {campaign:quoted} was withdrawn",
            "An objection was upheld: the result and its prizes do not stand, and the winners are determined again. "
            + _ASK_EN,
        ),
    ),
    "prize.post_removed.ranked": Template(
        Words(
            "{campaign:quoted}活动的获奖资格已取消",
            "你的获奖作品因违反规定被移除，按活动规则不再获奖。{until:objection}" + _ASK_ZH,
        ),
        Words(
            "You are no longer a winner of {campaign:quoted}",
            "Your winning entry was removed for breaking the rules and cannot win. {until:objection}" + _ASK_EN,
        ),
    ),
    "prize.post_removed.draw": Template(
        Words(
            "{campaign:quoted}活动的中奖资格已取消",
            "你参与抽奖的{entry:entry}因违反规定被移除，按活动规则不再中奖。{until:objection}" + _ASK_ZH,
        ),
        Words(
            "You are no longer a winner of {campaign:quoted}",
            "The {entry:entry} with which you took part was removed for breaking the rules and cannot win. {until:objection}"
            + _ASK_EN,
        ),
    ),
    "prize.post_deleted.ranked": Template(
        Words("{campaign:quoted}活动的获奖资格已取消", "你已删除获奖作品，按活动规则不再获奖。" + _ASK_ZH),
        Words(
            "You are no longer a winner of {campaign:quoted}",
            "You have deleted your winning entry, which ends the prize by the rules. " + _ASK_EN,
        ),
    ),
    "prize.post_deleted.draw": Template(
        Words(
            "{campaign:quoted}活动的中奖资格已取消", "你已删除参与抽奖的{entry:entry}，按活动规则不再中奖。" + _ASK_ZH
        ),
        Words(
            "You are no longer a winner of {campaign:quoted}",
            "You have deleted the {entry:entry} with which you took part, which ends the prize by the rules. "
            + _ASK_EN,
        ),
    ),
    "prize.erased.ranked": Template(
        Words("{campaign:quoted}活动的获奖资格已取消", "你的账号已注销，按活动规则不再获奖。" + _ASK_ZH),
        Words(
            "You are no longer a winner of {campaign:quoted}",
            "Your account is closed, which ends the prize by the rules. " + _ASK_EN,
        ),
    ),
    "prize.erased.draw": Template(
        Words("{campaign:quoted}活动的中奖资格已取消", "你的账号已注销，按活动规则不再中奖。" + _ASK_ZH),
        Words(
            "You are no longer a winner of {campaign:quoted}",
            "Your account is closed, which ends the prize by the rules. " + _ASK_EN,
        ),
    ),
    "prize.codes": Template(
        Words(
            "你的奖品码可以查看了",
            "{campaign:quoted}活动的结果已最终确定。请到“我的奖品”中查看；首次查看后24小时内可以再次查看，请妥善保存。",
        ),
        Words(
            "Your prize codes are ready",
            "The result of {campaign:quoted} is final. See your codes under “My prizes”; they are shown for 24 hours after "
            "you first open them, so keep them safe.",
        ),
    ),
    "prize.shipped": Template(
        Words("你的奖品已寄出", "{carrier:quoted}，单号{tracking_no:quoted}。收到后请在“我的奖品”中确认。"),
        Words(
            "Your prize is on its way",
            "{carrier:quoted}, tracking number {tracking_no:quoted}. Please confirm its arrival under “My prizes”.",
        ),
    ),
    # In place of the one before when the claims are shredded: with the number a carrier's website shows name and address.
    "prize.shipment_removed": Template(
        Words("你的奖品已寄出", "寄送信息已按规定删除。"),
        Words("Your prize was sent", "The details of the shipment were deleted on schedule."),
    ),
    "place.ended.ranked": Template(
        Words(
            "{campaign:quoted}活动第{place:count}个名额有变动",
            "{why:ended_ranked}，按活动规则不再获奖，由候补依次递补；没有候补的，名额空缺。请在活动管理页核对名单。",
        ),
        Words(
            "Place {place:count} of {campaign:quoted} has changed",
            "{why:ended_ranked}. By the rules the place goes to the next reserve; without one it stays empty. Please check the winners.",
        ),
    ),
    "place.ended.draw": Template(
        Words(
            "{campaign:quoted}活动第{place:count}个名额有变动",
            "{why:ended_draw}，按活动规则不再中奖，由候补依次递补；没有候补的，名额空缺。请在活动管理页核对名单。",
        ),
        Words(
            "Place {place:count} of {campaign:quoted} has changed",
            "{why:ended_draw}. By the rules the place goes to the next reserve; without one it stays empty. Please check the winners.",
        ),
    ),
    "objection.received": Template(
        Words(
            "{campaign:quoted}活动收到异议",
            "请安排与本活动无关的编辑在两天内答复。答复前，结果不会成为最终结果，奖品不能发放。",
        ),
        Words(
            "{campaign:quoted} has an objection",
            "Please let an editor who has taken no part in the campaign answer it within two days. Until then the result does not "
            "become final and no prize is handed out.",
        ),
    ),
    "objection.answered": Template(
        Words("你对{campaign:quoted}活动的异议已答复", "{answer:prose}"),
        Words("Your objection to {campaign:quoted} was answered", "{answer:prose}"),
    ),
    "objection.upheld": Template(
        Words("你对{campaign:quoted}活动的异议成立", "{answer:prose}"),
        Words("Your objection to {campaign:quoted} was upheld", "{answer:prose}"),
    ),
    "objection.replace.ranked": Template(
        Words(
            "{campaign:quoted}活动有异议成立",
            "请答复人以外的另一位编辑在一天内更换名次为{rank:count}的获奖者。完成前，结果不会成为最终结果。",
        ),
        Words(
            "An objection to {campaign:quoted} was upheld",
            "An editor other than the one who answered it replaces the winner of rank {rank:count} within a day. Until then the "
            "result does not become final.",
        ),
    ),
    "objection.replace.draw": Template(
        Words(
            "{campaign:quoted}活动有异议成立",
            "请答复人以外的另一位编辑在一天内更换抽签顺序为第{rank:count}位的中奖者。完成前，结果不会成为最终结果。",
        ),
        Words(
            "An objection to {campaign:quoted} was upheld",
            "An editor other than the one who answered it replaces the winner with ticket number {rank:count} in the drawn order within a day. Until "
            "then the result does not become final.",
        ),
    ),
    "objection.settle_again.ranked": Template(
        Words(
            "{campaign:quoted}活动有异议成立",
            "请答复人以外的另一位编辑在一天内撤销结果并重新评定。完成前，结果不会成为最终结果。",
        ),
        Words(
            "An objection to {campaign:quoted} was upheld",
            "An editor other than the one who answered it withdraws the result within a day and settles again. Until then the "
            "result does not become final.",
        ),
    ),
    "objection.settle_again.draw": Template(
        Words(
            "{campaign:quoted}活动有异议成立",
            "请答复人以外的另一位编辑在一天内撤销结果并重新核定中奖名单。完成前，结果不会成为最终结果。",
        ),
        Words(
            "An objection to {campaign:quoted} was upheld",
            "An editor other than the one who answered it withdraws the result within a day and determines the winners again. "
            "Until then the result does not become final.",
        ),
    ),
}
