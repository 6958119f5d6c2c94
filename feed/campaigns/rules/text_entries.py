"""What the rules text says differently in a draw that is entered by a comment under the announcement, or by liking it."""

from feed.campaigns.model import Rules
from feed.campaigns.text_parts import BLANK

Items = list[str | None]


def participation_items(rules: Rules) -> Items:
    """How to take part, of the section on participation."""
    at = f"活动公告（动态编号{rules.announcement_post_id or BLANK}）"
    free = "即为参与，无需购买任何商品或者服务。"
    if rules.entry_by == "comment":
        return [
            f"活动期间，在读特鹏友圈的{at}下发表评论或者回复，{free}",
            "评论须在确定签单时公开可见。",
            review_text(rules),
        ]
    return [f"在读特鹏友圈为{at}点赞，截止时未取消的，{free}活动开始前点赞的，视为在活动开始时参与。"]


def review_text(rules: Rules) -> str | None:
    """That entries are visible only after their review, and that it takes no time from the participant; None if they are visible at once."""
    if not rules.review_stages:
        return None
    thing = "评论" if rules.entry_by == "comment" else "动态"
    by = "" if rules.review_stages == 1 else f"由不同人员依次进行的{rules.review_stages}次"
    return f"{thing}经{by}审核通过后公开；参与时间以提交时间为准，审核在截止后完成的，不影响参与。"


def ticket_text(rules: Rules) -> str:
    """That a person has one ticket, whatever the number of entries."""
    more = {
        "post": "发布多条动态不增加机会，点赞、评论的多少不影响结果",
        "comment": "发表多条评论不增加机会",
        "like": "用多个账号点赞不增加机会",
    }
    return f"每人一签：{more[rules.entry_by]}。每人限中奖一次。"


def waits_text(rules: Rules) -> str:
    """What the list of a draw waits for, and what happens without it."""
    if rules.entry_by == "post":
        return (
            "截止后已无动态待审核、待处理照片或者视频的，可以提前确定签单；届时仍有的，待完成后确定签单。"
            "确需先行确定签单的，在结果中公开理由，尚未审核或者处理的动态不参与抽奖。"
        )
    hidden = "公告届时未公开的，待恢复公开后确定签单；确需先行确定签单的，在结果中公开理由"
    if rules.entry_by == "comment":
        return f"截止后已无评论待审核的，可以提前确定签单；届时仍有待审核的，审核完毕后确定签单。{hidden}，尚未审核的评论不参与抽奖。"
    return f"截止后可以提前确定签单。{hidden}。"


def loss_text(rules: Rules) -> str:
    """How a place is lost with what has won it."""
    appeal = "对移除提出异议的，处理期间保留其名额。"
    if rules.entry_by == "like":
        return "开奖后、奖品交付前，中奖者注销账号的，不再中奖。截止后取消点赞的，不影响中奖。"
    thing = "动态" if rules.entry_by == "post" else "评论"
    return (
        f"开奖后、奖品交付前，中奖者删除参与抽奖的{thing}或者注销账号的，"
        f"以及参与抽奖的{thing}因违反法律或者平台规则被移除的，不再中奖。{appeal}"
    )


def passed_over_text(rules: Rules) -> str:
    """Why a reserve is passed over, after the other reasons: with the word that joins them."""
    return {"post": "或者动态不可见", "comment": "或者评论不可见", "like": ""}[rules.entry_by]


def fairness_items(rules: Rules) -> Items:
    """Who is excluded from the draw, and what ends a participation."""
    bought = (
        "以雇佣、程序、多账号等方式参与的，经主办方认定并记录理由的，不参与抽奖；参与者本人可在活动页面查看认定结果。"
    )
    if rules.entry_by == "comment":
        return [bought, "违反法律或者平台规则的评论予以移除，不参与抽奖。在确定签单前删除评论的，该条评论不参与抽奖。"]
    return [bought]
