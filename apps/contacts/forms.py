"""The bodies that contacts are made and changed with."""

from typing import Any, Final

from rest_framework import serializers

TEXT_MOST: Final = 1_000
NOTES_MOST: Final = 100_000
SEVERAL_MOST: Final = 100
PHOTO_MOST: Final = 2_000_000
"""Characters of a picture in base64."""


class NameIn(serializers.Serializer[Any]):
    """The parts of a name."""

    family = serializers.CharField(max_length=TEXT_MOST, allow_blank=True, default="")
    given = serializers.CharField(max_length=TEXT_MOST, allow_blank=True, default="")
    additional = serializers.CharField(max_length=TEXT_MOST, allow_blank=True, default="")
    prefix = serializers.CharField(max_length=TEXT_MOST, allow_blank=True, default="")
    suffix = serializers.CharField(max_length=TEXT_MOST, allow_blank=True, default="")


# What stubs say of `label` and `data` is said of a field's and a form's own, which these are not.
class LabelledIn(serializers.Serializer[Any]):
    """An address, a number or a link, with what it is called."""

    value = serializers.CharField(max_length=TEXT_MOST)
    label = serializers.CharField(max_length=100, allow_blank=True, default="")  # type: ignore[assignment]
    preferred = serializers.BooleanField(default=False)


class AddressIn(serializers.Serializer[Any]):
    """A postal address."""

    box = serializers.CharField(max_length=TEXT_MOST, allow_blank=True, default="")
    extended = serializers.CharField(max_length=TEXT_MOST, allow_blank=True, default="")
    street = serializers.CharField(max_length=TEXT_MOST, allow_blank=True, default="")
    locality = serializers.CharField(max_length=TEXT_MOST, allow_blank=True, default="")
    region = serializers.CharField(max_length=TEXT_MOST, allow_blank=True, default="")
    code = serializers.CharField(max_length=TEXT_MOST, allow_blank=True, default="")
    country = serializers.CharField(max_length=TEXT_MOST, allow_blank=True, default="")
    label = serializers.CharField(max_length=100, allow_blank=True, default="")  # type: ignore[assignment]
    preferred = serializers.BooleanField(default=False)


class DateIn(serializers.Serializer[Any]):
    """A date as far as it is known."""

    year = serializers.IntegerField(min_value=1, max_value=9999, allow_null=True, default=None)
    month = serializers.IntegerField(min_value=1, max_value=12, allow_null=True, default=None)
    day = serializers.IntegerField(min_value=1, max_value=31, allow_null=True, default=None)
    text = serializers.CharField(max_length=TEXT_MOST, allow_blank=True, default="")


class PhotoIn(serializers.Serializer[Any]):
    """A picture, in base64."""

    media_type = serializers.RegexField(r"^image/(jpeg|png|gif|webp)$", max_length=20)
    data = serializers.CharField(max_length=PHOTO_MOST)  # type: ignore[assignment]


class ContactPatch(serializers.Serializer[Any]):
    """The fields that are to have other values; those that are not named stay."""

    name = NameIn(required=False)
    full_name = serializers.CharField(max_length=TEXT_MOST, required=False)
    nickname = serializers.CharField(max_length=TEXT_MOST, allow_blank=True, required=False)
    organization = serializers.CharField(max_length=TEXT_MOST, allow_blank=True, required=False)
    unit = serializers.CharField(max_length=TEXT_MOST, allow_blank=True, required=False)
    title = serializers.CharField(max_length=TEXT_MOST, allow_blank=True, required=False)
    role = serializers.CharField(max_length=TEXT_MOST, allow_blank=True, required=False)
    notes = serializers.CharField(max_length=NOTES_MOST, allow_blank=True, required=False)
    emails = serializers.ListField(child=LabelledIn(), required=False, max_length=SEVERAL_MOST)
    phones = serializers.ListField(child=LabelledIn(), required=False, max_length=SEVERAL_MOST)
    urls = serializers.ListField(child=LabelledIn(), required=False, max_length=SEVERAL_MOST)
    addresses = serializers.ListField(child=AddressIn(), required=False, max_length=SEVERAL_MOST)
    birthday = DateIn(required=False, allow_null=True)
    anniversary = DateIn(required=False, allow_null=True)
    categories = serializers.ListField(
        child=serializers.CharField(max_length=100), required=False, max_length=SEVERAL_MOST
    )
    photo = PhotoIn(required=False, allow_null=True)


class ContactSeen(ContactPatch):
    """Other values. `seen` are the fields as the person saw them: what somebody else has changed since is not
    overwritten unasked."""

    seen = serializers.DictField(required=False)


class ContactIn(ContactPatch):
    """A new contact, and the address book that it goes into."""

    collection_id = serializers.UUIDField()


class Named(serializers.Serializer[Any]):
    """The contacts that an act is about."""

    contacts = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=500)


class MoveIn(serializers.Serializer[Any]):
    """Where a contact goes."""

    collection_id = serializers.UUIDField()


class GroupIn(serializers.Serializer[Any]):
    """A new group, of contacts of one address book."""

    collection_id = serializers.UUIDField()
    name = serializers.CharField(max_length=200)
    contacts = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=500)


class GroupPatch(serializers.Serializer[Any]):
    """A group's new name, and the contacts that come into it or leave it."""

    name = serializers.CharField(max_length=200, required=False)
    add = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=500)
    remove = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=500)


class LinkIn(serializers.Serializer[Any]):
    """Contacts that are the same person, or of whom no two are."""

    contacts = serializers.ListField(child=serializers.UUIDField(), min_length=2, max_length=20)
    same = serializers.BooleanField()


class SeenIn(serializers.Serializer[Any]):
    """A contact and the revision in which the person saw it."""

    id = serializers.UUIDField()
    rev = serializers.IntegerField()


class MergeIn(serializers.Serializer[Any]):
    """The contacts that become one, the one that is kept first, and what the person chose where they differ."""

    contacts = serializers.ListField(child=SeenIn(), min_length=2, max_length=20)
    chosen = ContactPatch(default=dict)
    photo_from = serializers.UUIDField(allow_null=True, default=None)


class UndoIn(serializers.Serializer[Any]):
    """`anyway`: bring the others back although the kept one was changed since, which then stays as it is."""

    anyway = serializers.BooleanField(default=False)
