"""What the fields of editors' and reviewers' requests are called, in Chinese and English, beside their keys in messages."""

import re

# By path, with `[]` for a place in a list and `*` for any member; `{n}` is the place, from 1.
FIELD_WORDS: dict[str, tuple[str, str]] = {
    # A campaign.
    "title": ("标题", "title"),
    "topic": ("话题", "topic"),
    "body": ("活动介绍", "description"),
    "notes": ("补充说明", "notes"),
    "cover_media_id": ("封面图片", "cover picture"),
    "announcement_post_id": ("公告动态", "announcement post"),
    "starts_at": ("开始时间", "start"),
    "ends_at": ("截止时间", "end"),
    "settle_at": ("评定时间", "time of settlement"),
    "byline": ("署名", "byline"),
    "sha256": ("文稿摘要", "hash of the text"),
    "method": ("评定方式", "method"),
    "winner_count": ("获奖名额", "number of winners"),
    "reserve_count": ("候补人数", "number of reserves"),
    "shortlist_size": ("入围数", "size of the shortlist"),
    "objection_days": ("公示天数", "days for objections"),
    "prizes": ("奖品", "prizes"),
    "prizes[]": ("第{n}项奖品", "prize {n}"),
    "prizes[].name": ("第{n}项奖品的名称", "name of prize {n}"),
    "prizes[].kind": ("第{n}项奖品的类型", "kind of prize {n}"),
    "prizes[].per_winner": ("第{n}项奖品的每人份数", "quantity of prize {n} per winner"),
    "prizes[].places": ("第{n}项奖品的适用名额", "places that get prize {n}"),
    "prizes[].places[]": ("第{n}项奖品的适用名额", "places that get prize {n}"),
    "prizes[].value_cny": ("第{n}项奖品的单价", "value of prize {n}"),
    "prizes[].image_media_id": ("第{n}项奖品的图片", "picture of prize {n}"),
    "prizes[].terms": ("第{n}项奖品的使用条件", "terms of prize {n}"),
    "prizes[].valid_until": ("第{n}项奖品的有效期", "last day of prize {n}"),
    "weights": ("计分权重", "weights"),
    "weights.quality": ("质量权重", "weight of quality"),
    "weights.likes": ("点赞权重", "weight of likes"),
    "weights.comments": ("评论权重", "weight of comments"),
    "caps": ("计分上限", "caps"),
    "caps.likes": ("点赞计分上限", "cap of likes"),
    "caps.comments": ("评论人数计分上限", "cap of commenters"),
    "tie_break": ("同分排序标准", "order of ties"),
    "tie_break[]": ("同分排序的第{n}条标准", "rule {n} of the order of ties"),
    "claim_days": ("领取天数", "days for claiming"),
    "claim_ends_at": ("领取截止时间", "end of claiming"),
    "unclaimed": ("逾期奖品的处理", "what happens to unclaimed prizes"),
    "organiser": ("主办方", "organiser"),
    "contact": ("联系方式", "contact"),
    "board": ("排行榜公开方式", "visibility of the leaderboard"),
    "review_chain": ("审核流程", "review chain"),
    "eligibility": ("参与条件", "conditions of participation"),
    "eligibility.min_account_age_days": ("账号注册天数", "age of the account in days"),
    "eligibility.require_media": ("须含图片或视频", "picture or video required"),
    "entry_by": ("参与方式", "way of taking part"),
    "licence": ("作品使用授权", "licence"),
    "shares_topic": ("与其他活动共用话题", "topic shared with another campaign"),
    "beacon": ("公开号码的来源", "source of the public number"),
    "beacon_order": ("公开值的顺序", "order of public values"),
    "beacon_order[]": ("第{n}个公开值", "public value {n}"),
    "beacon_wait_hours": ("等待公开值的小时数", "hours to wait for a public value"),
    "criteria": ("评分项", "criteria"),
    "criteria[]": ("第{n}个评分项", "criterion {n}"),
    "criteria[].name": ("第{n}个评分项的名称", "name of criterion {n}"),
    "criteria[].weight": ("第{n}个评分项的权重", "weight of criterion {n}"),
    "quorum": ("每件作品所需打分份数", "marks per entry"),
    "delivery": ("发放方式", "delivery"),
    "delivery.within_days": ("发放天数", "days until delivery"),
    "delivery.place": ("领取地点", "place of collection"),
    "tax_borne_by": ("税费承担方", "bearer of the tax"),
    # Marks, jury, entries and voids.
    "score": ("分数", "score"),
    "scores": ("各评分项分数", "scores"),
    "scores.*": ("评分项分数", "score of a criterion"),
    "revision": ("内容版本", "revision"),
    "size": ("入围数", "size of the shortlist"),
    "user_id": ("用户", "user"),
    "user_ids": ("用户名单", "users"),
    "user_ids[]": ("名单中的第{n}个用户", "user {n}"),
    "post_id": ("动态", "post"),
    "kinds": ("剔除类型", "kinds of engagement"),
    "kinds[]": ("第{n}种剔除类型", "kind of engagement {n}"),
    # Draws, objections and prizes.
    "round": ("期号", "issue"),
    "value": ("号码", "number"),
    "appeared_at": ("开出时间", "time of appearance"),
    "text": ("答复内容", "answer"),
    "remedy": ("处理方式", "remedy"),
    "rank": ("名次", "rank"),
    "through_id": ("最后一条已读异议", "last objection that was read"),
    "codes": ("兑换码", "codes"),
    "codes[]": ("第{n}个兑换码", "code {n}"),
    "carrier": ("承运方", "carrier"),
    "tracking_no": ("运单号", "tracking number"),
    "days": ("天数", "days"),
    # Reasons, review, curation and staff.
    "reason": ("理由", "reason"),
    "reason_code": ("原因", "reason"),
    "note": ("备注", "note"),
    "words": ("词语", "words"),
    "words[]": ("第{n}个词", "word {n}"),
    "words[].term": ("第{n}个词", "word {n}"),
    "words[].level": ("第{n}个词的级别", "level of word {n}"),
    "words[].label": ("第{n}个词的原因", "reason of word {n}"),
    "words[].note": ("第{n}个词的备注", "note on word {n}"),
    "words[].single": ("第{n}个词是否为单字", "whether word {n} is a single character"),
    "even_if_common": ("常见词确认", "confirmation of common words"),
    "kind": ("类型", "kind"),
    "state": ("状态", "state"),
    "until": ("截止时间", "end"),
    "verdict": ("审核结论", "verdict"),
    "version": ("版本", "version"),
    "stage": ("审级", "stage"),
    "count": ("数量", "number"),
    "campaign_id": ("活动", "campaign"),
    "cases": ("审核任务", "cases"),
    "cases[]": ("第{n}项审核任务", "case {n}"),
    "cases[].id": ("第{n}项审核任务的编号", "id of case {n}"),
    "cases[].version": ("第{n}项审核任务的版本", "version of case {n}"),
    "action": ("操作", "action"),
    "alias_of": ("别名所指的话题", "topic of the alias"),
    "outcome": ("处理结果", "outcome"),
    "roles": ("权限", "roles"),
    "roles[]": ("第{n}项权限", "role {n}"),
}
_PLACE = re.compile(r"\[(\d+)\]")


def named_field(path: str, language: str) -> str:
    """The words of the field in `en` or Chinese with its path, for example 候补人数（reserve_count）; the path alone without words."""
    places = _PLACE.findall(path)
    pattern = _PLACE.sub("[]", path)
    words = FIELD_WORDS.get(pattern) or FIELD_WORDS.get(f"{pattern.partition('.')[0]}.*")
    if words is None:
        return path
    zh, en = (each.format(n=int(places[0]) + 1 if places else "") for each in words)
    return f"{en[0].upper()}{en[1:]} ({path})" if language == "en" else f"{zh}（{path}）"


def has_words(path: str) -> bool:
    """Whether the field has words."""
    return named_field(path, "en") != path
