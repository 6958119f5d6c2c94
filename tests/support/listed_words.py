"""A list of words like that of a site, to count what it stops."""

# Words as they are listed by sites like this one, of the kinds that are known to stop ordinary texts.
LISTED = """
赌博 博彩 代开发票 发票 口交 性交 色情 情色 黄片 法轮功 枪支 手枪 买枪 冰毒 大麻 毒品 迷药 裸聊 裸贷 约炮 嫖娼 卖淫 妓女 成人视频 成人电影
独立 台独 藏独 疆独 六合彩 私彩 刷单 刷赞 套现 高利贷 洗钱 假钞 办证 假证 传销 代孕 枪手 替考 答案出售 杀人 人肉搜索 自杀 炸弹 爆炸物 军火
海洛因 摇头丸 K粉 春药 催情 一夜情 援交 包养 兼职日结 加薇 加微信 赌场 下注 外围 裸照 偷拍 走私 翻墙 vpn 政变 事变 平台独 一次性 交易
"""
