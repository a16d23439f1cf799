"""People in the journeys: somebody with a browser who signs in, fills in forms and presses buttons."""

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page, expect

from traceability import i18n

PASSWORD = "hoa bưởi trắng bên sông Hậu"


def vi(message: str, **facts: Any) -> str:
    """A message as the page shows it, so that a better wording breaks no journey."""
    text = i18n.gettext_in("vi", message)
    return text % facts if facts else text


@dataclass
class Person:
    """Somebody before a screen."""

    page: Page
    site: str

    def go(self, path: str) -> None:
        """Opens an address of the site."""
        self.page.goto(self.site + path if path.startswith("/") else path)

    def sign_in(self, username: str, password: str = PASSWORD) -> None:
        """Signs in by the form."""
        self.go("/account/sign-in")
        self.fill(username=username, password=password)
        self.press("Sign in")
        expect(self.page.locator(".user-menu")).to_be_visible()

    def fill(self, **fields: str) -> None:
        """Fills fields of the page's form by name; `a__b` stands for `a-b`."""
        for name, text in fields.items():
            field = self.page.locator(f'main [name="{name.replace("__", "-")}"]')
            if not field.first.is_visible():
                self._unfold(field.first)
            if field.first.evaluate("one => one.tagName") == "SELECT":
                field.select_option(text)
            elif field.first.get_attribute("type") == "radio":
                self.page.locator(f'main [name="{name}"][value="{text}"]').check()
            else:
                field.fill(text)

    def take_first(self, *names: str) -> None:
        """Takes the first choice of lists."""
        for name in names:
            field = self.page.locator(f'main [name="{name}"]')
            field.select_option(field.locator("option:not([value=''])").first.get_attribute("value"))

    def press(self, message: str, *, ask: bool = False, within: str = "main") -> None:
        """Presses a button or follows a link by its words; `ask`: says yes to the question that comes."""
        name = vi(message)
        where = self.page.locator(within)
        target = where.get_by_role("button", name=name).or_(where.get_by_role("link", name=name)).first
        if not target.is_visible():
            self._unfold(target)
        target.click()
        if ask:
            self.page.locator("dialog.ask").get_by_role("button", name=name).click()
            expect(self.page.locator("dialog.ask")).to_have_count(0)

    def reads(self, *texts: str) -> None:
        """The page shows these texts."""
        for text in texts:
            expect(self.page.locator("main")).to_contain_text(text)

    def heading(self, text: str) -> None:
        """The page's heading says this."""
        expect(self.page.get_by_role("heading", level=1)).to_contain_text(text)

    def _unfold(self, target: Any) -> None:
        """Opens what is folded around something."""
        target.evaluate(
            "one => { for (let at = one; at; at = at.parentElement) if (at.tagName === 'DETAILS') at.open = true; }"
        )
