"""The action that makes a contact."""

from typing import Any, Final
from uuid import UUID, uuid4

from rest_framework.exceptions import ValidationError

from apps.collections import service
from apps.collections.over_http import plain
from apps.contacts import writing
from apps.contacts.forms import ContactPatch
from apps.contacts.kind import KIND
from apps.contacts.models import AddressBook, Contact
from apps.core.problems import Problem, not_found
from apps.providers import access
from apps.providers.adapters import vcard
from apps.providers.models import ProviderAccount
from apps.users.members import Member

from ..models import Action
from .kinds import Args, Inverse, Kind, Risk, bad, key_of, maybe_id
from .previews import Field, Preview, spoken


class Contacting(Kind):
    """A new contact."""

    @property
    def name(self) -> str:
        """See Kind."""
        return "contact.create"

    def clean(self, member: Member, account: ProviderAccount, args: Args) -> Args:
        """{"book_id", "fields"}; fields may stand beside it. No picture and no group: an agent brings words only."""
        place = self._place(member, account, args)
        given = {**args, **args.get("fields", {})}
        known = set(ContactPatch().fields) - {"photo", "members"}
        form = ContactPatch(data={name: value for name, value in given.items() if name in known})
        try:
            form.is_valid(raise_exception=True)
            fields: Args = plain(form.validated_data)
            card = vcard.read(vcard.new(fields, str(uuid4()), place.version))
        except ValidationError as error:
            name = next(iter(error.detail), "fields") if isinstance(error.detail, dict) else "fields"
            raise bad(str(name), f"`{name}` is not understood.") from None
        except ValueError as error:
            raise bad("fields", str(error)) from None
        if not card.full_name.strip(" ?"):
            raise bad("full_name", "Give the contact a name, an organisation, an address or a number.")
        return {"book_id": str(place.pk), "fields": fields, "called": card.full_name}

    def _place(self, member: Member, account: ProviderAccount, args: Args) -> AddressBook:
        wanted = maybe_id(args, "book_id")
        if wanted is not None:
            place: AddressBook = service.collection(KIND, member, wanted)
            service.to_make(KIND, member, place)
            return place
        held = AddressBook.objects.filter(account_id__in=access.changeable_account_ids(member), writable=True)
        found = min(held, key=lambda book: (book.account_id != account.pk, book.name, book.pk), default=None)
        if found is None:
            raise Problem(409, "no_book", "There is no address book that this could go into. Connect one first.")
        return found

    def home(self, member: Member, account: ProviderAccount, args: Args) -> ProviderAccount:
        """The address book's account."""
        place: Any = service.collection(KIND, member, UUID(args["book_id"]))
        return ProviderAccount.objects.get(pk=place.account_id)

    def risk(self, args: Args, recipients: Any) -> Risk:
        """See Kind."""
        return Risk.LOW

    def version(self, account: ProviderAccount, args: Args) -> str:
        """The address book, as long as it takes new contacts."""
        if not AddressBook.objects.filter(pk=args["book_id"], account=account, writable=True).exists():
            raise not_found("address book")
        return ""

    def title(self, account: ProviderAccount, args: Args) -> str:
        """See Kind."""
        return str(args["called"])

    def preview(self, member: Member, action: Action) -> Preview:
        """Every field of it."""
        book = AddressBook.objects.filter(pk=action.args["book_id"], account=action.account).first()
        fields = action.args["fields"]
        shown = tuple(Field(name, None, text) for name in fields if (text := spoken(fields[name])) is not None)
        return Preview(fields=shown, where=book.name if book else "")

    def editable(self, args: Args) -> tuple[str, ...]:
        """See Kind."""
        return ("full_name", "organization", "title", "notes")

    def perform(self, member: Member, action: Action) -> Inverse | None:
        """As a person makes one."""
        made = writing.create(member, key_of(action), UUID(action.args["book_id"]), action.args["fields"])
        return {"contact": made["object"]}

    def undo(self, member: Member, action: Action) -> None:
        """It is deleted."""
        made = (action.inverse or {}).get("contact")
        if made and Contact.objects.filter(pk=made, leaving__isnull=True).exists():
            service.delete(KIND, member, key_of(action, "undo"), [UUID(made)])


KINDS: Final = (Contacting(),)
