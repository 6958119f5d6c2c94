"""Texts of the demo's posts and comments, and the engagement planned for each post."""

import msgspec

from feed.demo.participants import CHEAT, WRITING_JUROR

TOPIC = "爱读书的深圳人"


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """A post with its planned likes and comments, and the marks of the two jurors if it is shortlisted."""

    key: str
    author: str
    text: str
    likes: int
    commenters: int
    marks: tuple[int, int] | None = None


# Moments that later chapters refer to.
BEST, TWICE_A, TWICE_B, THIRD = "best", "twice a", "twice b", "third"
POPULAR, JURORS_OWN, CHEATS = "popular", "juror's own", "cheat's"
EDITED, DELETED, REMOVED, RESTORED = "edited", "deleted", "removed", "restored"

_WRITTEN: tuple[tuple[str, str, str, int, int, tuple[int, int] | None], ...] = (
    (BEST, "吴秀兰", "退休第三年，我在深圳书城当了义工。今天有个小男孩踮着脚够书，我递给他，他说：奶奶，您也看吗？于是我们并排坐在台阶上，一人一本，看到打烊。#爱读书的深圳人#", 38, 14, (95, 97)),
    (TWICE_A, "黄嘉豪", "地铁11号线，从碧头到福田，一本《平凡的世界》读了两个月。昨天读完最后一页，抬头发现坐过了三站。#爱读书的深圳人# 谢谢这趟开了两个月的列车。", 52, 18, (92, 91)),
    (TWICE_B, "黄嘉豪", "夜班保安的桌上放着一本翻烂的《唐诗三百首》。他说巡一圈楼，背一首诗，一夜能背十二首。#爱读书的深圳人 我从此每晚给他带一杯热豆浆。", 26, 8, (94, 92)),
    (THIRD, "李梓萱", "女儿问我：妈妈，书里的人会不会知道我们在看他们？我想了一个晚上，没有答案，只好再陪她读一遍。#爱读书的深圳人#", 30, 9, (88, 87)),
    ("fourth", "张国强", "工地午休四十分钟，吃饭十分钟，剩下三十分钟归余华。工友问我看这个有啥用，我说：看完觉得自己过得还行。＃爱读书的深圳人＃", 26, 8, (85, 83)),
    (POPULAR, "阿May在深圳", "今日书店打卡📚 咖啡、阳光、新裙子，还有一本摊开的书！姐妹们冲！#爱读书的深圳人#", 92, 21, (52, 58)),
    ("balcony", "王雅琴", "阳台改成了书房，只有一平米，放得下一把椅子、一盏灯和整个宇宙。#爱读书的深圳人#", 22, 6, (80, 78)),
    ("delivery", "刘子轩", "送外卖等餐的时候听完了《三体》。第二遍。现在抬头看星星都觉得有人在看我。#爱读书的深圳人 ", 34, 7, (74, 79)),
    (JURORS_OWN, WRITING_JUROR, "开书店第七年，最赚钱的是雨天：没带伞的人都会多读几页。#爱读书的深圳人#", 58, 12, None),
    ("grandpa", "郑佩珊", "爷爷眼睛不好了，我每天在电话里给他念一章《水浒》。今天念到武松，他在那头跟着背。#爱读书的深圳人#", 19, 5, None),
    ("library", "孙立新", "中心书城24小时书吧，凌晨两点还有七个人。我数过了，包括我。#爱读书的深圳人#", 17, 4, None),
    ("rain", "曾小满", "台风天停课，一家三口抢一本《哈利·波特》，最后决定轮流朗读。#爱读书的深圳人 风声当配乐。", 15, 3, None),
    ("cantonese", "赖德明", "用粤语读了一遍《背影》，读到橘子那里，卡住了。#爱读书的深圳人#", 14, 3, None),
    ("leaf", "叶知秋", "在莲花山捡了一片叶子当书签，夹在《瓦尔登湖》里，算是给梭罗寄了一张明信片。#爱读书的深圳人#", 13, 2, None),
    ("exam", "谢雨桐", "中考倒计时，妈妈没收了手机，没收不了我枕头底下的《红楼梦》。#爱读书的深圳人#", 12, 3, None),
    ("code", "邓志伟", "程序员的睡前读物：《代码大全》第十八页，三年了，还是第十八页。#爱读书的深圳人#", 16, 4, None),
    ("swap", "蔡依琳娜", "小区楼下搞了个漂流书架，放进去一本，拿走一本。三个月了，书只多不少。#爱读书的深圳人#", 11, 2, None),
    ("poem", "潘建国", "六十岁开始学写诗，第一首写给老伴，她拿去垫了锅。我看见她后来又把它抚平，夹进了菜谱。#爱读书的深圳人#", 18, 4, None),
    ("beach", "范若溪", "在大梅沙的沙滩上读《老人与海》，潮水上来把最后一页打湿了，正好。#爱读书的深圳人#", 10, 2, None),
    ("taxi", "钟伟杰", "网约车后座放了三本书。今天有位乘客下车时说：师傅，能不能再绕一圈，我还差五页。#爱读书的深圳人#", 20, 5, None),
    ("dawn", "廖晨曦", "早上六点的深圳湾，跑步的人听播客，我坐在长椅上听纸翻页。#爱读书的深圳人 这是最便宜的奢侈。", 9, 1, None),
    (RESTORED, "戴明远", "《杀死一只知更鸟》今天读完。书名吓人，内容温柔。#爱读书的深圳人#", 12, 2, None),
    ("bedtime", "方晓晴", "双胞胎的睡前故事会：一个要听恐龙，一个要听公主。今晚讲了《恐龙公主》，我编的。#爱读书的深圳人#", 15, 3, None),
    ("stone", "石磊", "城中村的握手楼里，对面窗口的人也在看书。我们从没说过话，但我知道他读到了第几本。#爱读书的深圳人#", 14, 3, None),
    (EDITED, "苏婉清", "把《边城》抄了一遍，抄完那天正好下雨，像翠翠还在等。", 8, 1, None),
    (DELETED, "彭家俊", "随手拍，书桌一角。#爱读书的深圳人# 有点糊，回头重拍。", 3, 0, None),
    (REMOVED, "江一帆", "低价代写读书笔记，一篇八元，包过！加我私聊。#爱读书的深圳人#", 2, 0, None),
    (CHEATS, CHEAT, "读书使我快乐，快乐使我读书。请为我点赞！#爱读书的深圳人#", 0, 0, None),
)  # fmt: skip

MOMENTS = tuple(
    Moment(key=key, author=author, text=text, likes=likes, commenters=commenters, marks=marks)
    for key, author, text, likes, commenters, marks in _WRITTEN
)

# Posts outside of the campaign: the third one has another topic, the fourth one the topic's text inside of a word.
OFF_TOPIC = (
    ("董思琪", "福田口岸今晚排队一小时，大家错峰出行。"),
    ("卢海生", "蛇口的日落，今天是橘子味的。#深圳日落#"),
    ("贾春华", "#爱读书 和 #深圳人 分开写，就是另外两个话题了。"),
    ("宋博文", "求推荐学龙舟的地方，零基础，会游泳。"),
)

REMARKS = (
    "看得眼眶一热。", "这就是我喜欢深圳的原因。", "写得真好，收藏了。", "有画面感，像就在旁边。", "向你学习。",
    "想起了我的外婆。", "读了两遍。", "平平淡淡，却很有力量。", "今晚我也去翻翻书。", "太真实了，哈哈哈。",
    "愿你的书架越来越满。", "同样在读，握手。", "读完心里静下来了。", "为这座城市点赞。", "孩子也说好看。",
    "原来不止我一个人这样。", "最后一句绝了。", "请继续写下去。", "已经转给同事看了。", "深圳的夜晚因为你们更亮。",
    "字字走心。", "这才是生活。", "书香四溢。", "下次一起去书城！", "读到最后笑出了声。",
)  # fmt: skip

SPAM = "加V信：dushu888，免费领名著全集，先到先得！！！"


def snippet(text: str, longest: int = 16) -> str:
    """The beginning of a post's text without the topic."""
    plain = text.replace(f"#{TOPIC}#", "").replace(f"＃{TOPIC}＃", "").replace(f"#{TOPIC} ", "").strip()
    return plain if len(plain) <= longest else plain[:longest] + "…"
