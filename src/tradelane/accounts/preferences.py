"""What a user likes: a language, and queues as they want to see them."""

from __future__ import annotations

from typing import Any

from tradelane.accounts.model import SavedView, User
from tradelane.accounts.names import has_controls, read_locale
from tradelane.accounts.needs import Keeping
from tradelane.kit.errors import InputRefused, Problem, TradelaneError

_VIEW_NAME_CHARACTERS = 80
_VIEW_QUERY_CHARACTERS = 2000
VIEWS_PER_USER = 50


class Preferences(Keeping):
    """Kept for each user apart; nobody sees or deletes another's."""

    def set_locale(self, tx: Any, user_id: int, locale: str) -> User:
        """The language that a user reads, such as ``en`` or ``es_PE``; ``accounts.locale``."""
        self.get_user(tx, user_id)
        self._store.update_user(tx, user_id, locale=read_locale(locale))
        return self.get_user(tx, user_id)

    def views(self, tx: Any, user_id: int) -> list[SavedView]:
        """The saved views of a user, by name."""
        return self._store.views(tx, user_id)

    def save_view(self, tx: Any, user_id: int, name: str, query: str) -> SavedView:
        """Keep a page's query string (without ``?``) under a name, in place of the same name's.

        Errors: InputRefused with ``accounts.view_name``, ``accounts.view_query``; TradelaneError
        with ``accounts.too_many_views``.
        """
        self.get_user(tx, user_id)
        name = name.strip()
        if not 0 < len(name) <= _VIEW_NAME_CHARACTERS or has_controls(name):
            raise InputRefused(
                Problem(
                    "accounts.view_name",
                    "This is not a name for a view.",
                    pointer="/name",
                    hint=f"1 to {_VIEW_NAME_CHARACTERS} characters in one line.",
                )
            )
        if len(query) > _VIEW_QUERY_CHARACTERS or has_controls(query):
            raise InputRefused(
                Problem(
                    "accounts.view_query",
                    "The filters of this view cannot be kept.",
                    pointer="/query",
                    hint=f"At most {_VIEW_QUERY_CHARACTERS} characters, as in a page's address.",
                )
            )
        others = [view for view in self._store.views(tx, user_id) if view.name != name]
        if len(others) >= VIEWS_PER_USER:
            raise TradelaneError(
                Problem(
                    "accounts.too_many_views",
                    f"There are {VIEWS_PER_USER} saved views already.",
                    hint="Delete one first.",
                )
            )
        return SavedView(self._store.save_view(tx, user_id, name, query), user_id, name, query)

    def delete_view(self, tx: Any, user_id: int, view_id: int) -> None:
        """Forget a view of this user's; raises TradelaneError with ``accounts.no_view``."""
        if not self._store.delete_view(tx, user_id, view_id):
            raise TradelaneError(Problem("accounts.no_view", f"There is no view {view_id}."))
