"""The root of writing."""

from schema.access import AccessMutations
from schema.audit import AuditMutations
from schema.campaigns import CampaignMutations
from schema.cards import CardMutations
from schema.events import EventMutations
from schema.messages import MessageMutations
from schema.notes import NoteMutations
from schema.offers import OfferMutations
from schema.points import PointMutations
from schema.privacy import PrivacyMutations
from schema.profile_commands import ProfileMutations
from schema.promo_codes import PromoCodeMutations
from schema.segments import SegmentMutations
from schema.tags import TagMutations
from schema.tiers import TierMutations
from schema.transactions import TransactionMutations
from schema.views import view


@view()
class Mutation(
    ProfileMutations,
    AccessMutations,
    PointMutations,
    TierMutations,
    AuditMutations,
    CardMutations,
    OfferMutations,
    CampaignMutations,
    PromoCodeMutations,
    TagMutations,
    SegmentMutations,
    NoteMutations,
    MessageMutations,
    PrivacyMutations,
    EventMutations,
    TransactionMutations,
):
    """What can be changed. Mutations of one operation run one after another, each in its own transaction."""
