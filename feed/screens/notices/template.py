"""What a notification says in both languages. A placeholder names a parameter and how it is rendered: `{until:time}`."""

import msgspec


class Words(msgspec.Struct, frozen=True):
    """Title and body in one language."""

    title: str
    body: str


class Template(msgspec.Struct, frozen=True):
    """A kind of notification in Chinese and English. Both use the same parameters."""

    zh: Words
    en: Words

    def words(self, language: str) -> Words:
        """The words in `en`, else in Chinese."""
        return self.en if language == "en" else self.zh


# The templates of a module by their keys, as the table of all of them takes them. A key is stored: it is never changed.
Templates = dict[str, Template]
