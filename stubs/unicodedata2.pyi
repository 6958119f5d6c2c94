# The functions of the standard module, with newer tables.
from unicodedata import *  # noqa: F403, TID251
