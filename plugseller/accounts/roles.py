"""Who may do what with a seller's data: role -> permissions on that Seller (ACC-1)."""

from django.db.models import TextChoices


class Permission(TextChoices):
    """A right on one seller. The value is the codename stored with guardian."""

    VIEW_ORDERS = "view_orders", "see orders"
    VIEW_CATALOG = "view_catalog", "see products and listings"
    VIEW_INVENTORY = "view_inventory", "see stock"
    VIEW_PRICES = "view_prices", "see prices"
    EXPORT_DATA = "export_data", "export what one may see"
    MANAGE_CONNECTIONS = "manage_connections", "connect and disconnect accounts"
    MANAGE_MEMBERS = "manage_members", "invite and remove people"
    REQUEST_DELETION = "request_deletion", "ask for deletion"
    VIEW_ACTIVITY = "view_activity", "see who did what"


class Role(TextChoices):
    """What a person is to a seller."""

    OWNER = "owner", "Owner"
    MANAGER = "manager", "Manager"
    ANALYST = "analyst", "Analyst"
    SHIPPING = "shipping", "Shipping"
    VIEWER = "viewer", "Viewer"


class StaffRole(TextChoices):
    """What a person is to us. None of these opens any seller's data: that takes a
    grant, asked for and approved each time."""

    OFFICER = "officer", "Compliance officer"
    SUPPORT = "support", "Support"
    OPERATOR = "operator", "Operator"


_SEES = (
    Permission.VIEW_ORDERS,
    Permission.VIEW_CATALOG,
    Permission.VIEW_INVENTORY,
    Permission.VIEW_PRICES,
)

PERMISSIONS: dict[Role, tuple[Permission, ...]] = {
    Role.OWNER: tuple(Permission),
    Role.MANAGER: (
        *_SEES,
        Permission.EXPORT_DATA,
        Permission.MANAGE_CONNECTIONS,
        Permission.VIEW_ACTIVITY,
    ),
    Role.ANALYST: (*_SEES, Permission.EXPORT_DATA),
    Role.SHIPPING: (Permission.VIEW_ORDERS,),
    Role.VIEWER: _SEES,
}

# What a grant can open to our staff: looking, and never acting in the seller's place.
GRANTABLE: tuple[Permission, ...] = (*_SEES, Permission.VIEW_ACTIVITY)

# What is left to who may ask for deletion while the seller is to be deleted: to see
# the request and take it back, to take the data along, and to run the team, lest
# somebody who left could still withdraw. Everybody else has nothing.
WHILE_FROZEN: tuple[Permission, ...] = (
    Permission.EXPORT_DATA,
    Permission.MANAGE_MEMBERS,
    Permission.REQUEST_DELETION,
    Permission.VIEW_ACTIVITY,
)

# What an API token can open to a program: reading, and never managing anything.
FOR_TOKENS: tuple[Permission, ...] = (
    *_SEES,
    Permission.EXPORT_DATA,
    Permission.VIEW_ACTIVITY,
)
