"""Which names belong to the paper and its staff and are given to no other account. Pure."""

from collections.abc import Iterable

import msgspec

from feed.names.skeleton import latin_words, skeleton

# Anywhere in a name.
_CONTAINED = (
    "官方",
    "官微",
    "官号",
    "管理员",
    "超级管理",
    "版主",
    "编辑部",
    "审核员",
    "客服",
    "工作人员",
    "系统通知",
    "系统消息",
    "读特",
    "深圳特区报",
    "深圳报业",
    "鹏友圈",
    "本报记者",
)
# The whole name.
_WHOLE = ("已注销用户", "系统", "本报", "root", "system", "support", "staff")
# As a word of its own, between other letters: `badminton` contains one of them.
_LATIN = ("admin", "admins", "administrator", "moderator", "official", "sysadmin", "webmaster")
# What contains one by chance: 上官 is a surname, and words meet.
_FREE = ("上官", "阅读特", "朗读特", "读特色", "读特别", "读特殊", "客服装")


class ProtectedNames(msgspec.Struct, frozen=True):
    """Skeletons of protected names: as part of a name, as a whole name, as a Latin word, and what may contain one."""

    contained: frozenset[str]
    whole: frozenset[str]
    latin: frozenset[str]
    free: frozenset[str]

    def protects(self, name: str) -> bool:
        """Whether the name is one of these, contains one, or looks as if it did."""
        shown = skeleton(name)
        if not shown:
            return False
        if shown in self.whole or not self.latin.isdisjoint(latin_words(name)):
            return True
        # What a longer free name covers is no hit, as in 上官方.
        uncovered = shown
        for each in sorted(self.free, key=len, reverse=True):
            uncovered = uncovered.replace(each, "\0")
        return any(each in uncovered for each in self.contained)

    def with_names(self, contained: Iterable[str], whole: Iterable[str], free: Iterable[str]) -> "ProtectedNames":
        """These and more, given as names."""
        return ProtectedNames(
            self.contained | _of_others(contained),
            self.whole | _skeletons(whole),
            self.latin | _of_latin(contained),
            self.free | _skeletons(free),
        )


def protected_names(of_site: Iterable[str] = ()) -> ProtectedNames:
    """The built-in names and those of the site's setting, which count anywhere in a name."""
    built_in = ProtectedNames(_of_others(_CONTAINED), _skeletons(_WHOLE), _of_latin(_LATIN), _skeletons(_FREE))
    return built_in.with_names(of_site, (), ())


def _skeletons(names: Iterable[str]) -> frozenset[str]:
    return frozenset(filter(None, map(skeleton, names)))


def _of_latin(names: Iterable[str]) -> frozenset[str]:
    """Those in Latin letters only, which count as words."""
    return frozenset(each for each in _skeletons(names) if each.isascii())


def _of_others(names: Iterable[str]) -> frozenset[str]:
    return frozenset(each for each in _skeletons(names) if not each.isascii())
