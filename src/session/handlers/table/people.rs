//! Other people: names, profiles, friends, mutes, searches.

use super::{Row, table};
use crate::session::handlers::{directory, friends, lures, mutes, names, profiles};

/// The rows.
pub(super) const ROWS: &[Row] = table! {
    UUIDNameRequest: handled(names::uuid_name, "answered with UUIDNameReply"),
    AvatarPickerRequest: handled(names::avatar_picker, "answered with AvatarPickerReply"),

    AvatarPropertiesRequest: handled(profiles::properties, "answered with AvatarPropertiesReply, AvatarInterestsReply and AvatarGroupsReply"),
    AvatarPropertiesUpdate: handled(profiles::update_properties, "changes the agent's profile"),
    AvatarInterestsUpdate: handled(profiles::update_interests, "changes the agent's profile"),
    AvatarNotesUpdate: handled(profiles::update_note, "stores the agent's note about somebody"),
    PickInfoUpdate: refused(Picks),
    PickDelete: refused(Picks),
    PickGodDelete: refused(Picks),
    ClassifiedInfoRequest: refused(Classifieds),
    ClassifiedInfoUpdate: refused(Classifieds),
    ClassifiedDelete: refused(Classifieds),
    ClassifiedGodDelete: refused(Classifieds),

    AcceptFriendship: handled(friends::accept, "makes two agents friends"),
    DeclineFriendship: handled(friends::decline, "declines a friendship offer"),
    TerminateFriendship: handled(friends::terminate, "ends a friendship"),
    GrantUserRights: handled(friends::grant_rights, "changes what a friend may do"),
    FindAgent: handled(friends::find_agent, "answered with FindAgent for friends who allow it"),
    TrackAgent: ignored("clients use FindAgent to get the position of a tracked agent"),
    OfferCallingCard: handled(friends::offer_card, "offers a calling card"),
    AcceptCallingCard: handled(friends::accept_card, "accepts a calling card"),
    DeclineCallingCard: handled(friends::decline_card, "declines a calling card"),
    StartLure: handled(lures::start, "offers a teleport"),
    TeleportLureRequest: handled(lures::follow, "accepts a teleport offer"),

    MuteListRequest: handled(mutes::request, "answered with MuteListUpdate, UseCachedMuteList or GenericMessage emptymutelist"),
    UpdateMuteListEntry: handled(mutes::update, "mutes somebody or something"),
    RemoveMuteListEntry: handled(mutes::remove, "removes a mute"),
    UseCachedMuteList: ignored("only simulators send it"),

    DirFindQuery: handled(directory::find, "answered with DirPeopleReply, DirGroupsReply or an empty DirEventsReply"),
    DirPlacesQuery: empty(directory::places, "DirPlacesReply"),
    DirClassifiedQuery: empty(directory::classifieds, "DirClassifiedReply"),
    DirLandQuery: empty(directory::land, "DirLandReply"),
    DirPopularQuery: ignored("only old clients sent it"),
    PlacesQuery: empty(directory::own_places, "PlacesReply"),
    EventInfoRequest: refused(Events),
    EventNotificationAddRequest: refused(Events),
    EventNotificationRemoveRequest: refused(Events),
    EventGodDelete: refused(Events),

    UserReport: refused(AbuseReports),
    SendPostcard: refused(Mail),
};
