"""What the demo says in one language: names, posts, comments."""

import msgspec


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """The texts of the demo in one language. `moments` are texts by key, in which `#TOPIC#` stands for the topic in its marks."""

    topic: str
    title: str
    body: str
    organiser: str
    box: str
    card: str
    card_terms: str
    # Names of participants by key, where they differ from the key.
    names: dict[str, str]
    surnames: tuple[str, ...]
    given_names: tuple[str, ...]
    # Between the words of a name.
    word_space: str
    moments: dict[str, str]
    off_topic: dict[str, str]
    remarks: tuple[str, ...]
    # Texts of single steps.
    spam: str
    praise: str
    late_comment: str
    late_post: str
    juror_post: str
    other_text: str
    claims: dict[str, dict[str, str]]
    # The campaign that stays open after the demo: its posts by author, each with the scenes of its photos.
    second_topic: str
    second_title: str
    second_body: str
    second_moments: dict[str, tuple[str, tuple[str, ...]]]
    # What pictures show, for people who do not see them, by scene.
    alts: dict[str, str]

    @property
    def cells(self) -> int:
        """The width of most characters on a terminal."""
        return 1 if self.word_space else 2

    def name_of(self, key: str) -> str:
        """The name of the participant."""
        return self.names.get(key, key)

    def text(self, template: str) -> str:
        """The text with the topic."""
        return template.replace("TOPIC", self.topic)

    def snippet(self, text: str, longest: int = 16) -> str:
        """The beginning of a post's text without the topic."""
        plain = text
        for mark in (f"#{self.topic}#", f"＃{self.topic}＃", f"#{self.topic} "):
            plain = plain.replace(mark, "")
        plain = " ".join(plain.split())
        return plain if len(plain) <= longest else plain[:longest] + "…"
