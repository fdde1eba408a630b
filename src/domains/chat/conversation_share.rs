//! Shares: that others read a conversation too, which stays its owner's: a person, a team, or everybody here (000 §3.3, B041).
//!
//! Who is in a team may change; row-level security goes by who is in it at the moment of asking.
use crate::{
    domains::{
        access::team::{Team, TeamFilter},
        chat::conversation::{Conversation, ConversationFilter},
        identity::user::{User, UserFilter},
        prelude::*,
    },
    store::{
        grants::ALL_CONVERSATIONS,
        tables::{chat::conversation_shares, identity::memberships},
    },
};

text_enum! {
    /// With whom a conversation is shared.
    ConversationAudience {
        /// One person.
        Person = "person",
        /// A team: whoever is in it at the time.
        Team = "team",
        /// Everybody who works in the organization.
        Organization = "organization",
    }
}

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = conversation_shares, check_for_backend(Pg))]
pub struct ConversationShare {
    pub id: Id<ConversationShare>,
    pub conversation_id: Id<Conversation>,
    pub audience: ConversationAudience,
    pub user_id: Option<Id<User>>,
    pub team_id: Option<Id<Team>>,
    pub created_by: Id<User>,
    pub expires_at: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
    pub revision: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

entity!(ConversationShare, "share", chat::conversation_shares, needs "conversation.read", version revision, part conversation_id of Conversation);

impl Entity for ConversationShare {
    fn fields(share: &mut Fields<Self>) {
        columns! { share: ConversationShare {
            id, audience, expires_at, revoked_at, revision as "version", created_at, updated_at,
        } keeps { conversation_id, user_id, team_id, created_by } }
        share
            .computed("isInForce", |share, _| share.is_in_force())
            .about("Whether the conversation may be read by it at this moment.");
        share
            .one("conversation", |share| Some(share.conversation_id))
            .about_column("conversation_id")
            .required();
        share.one("user", |share| share.user_id).about_column("user_id");
        share.one("team", |share| share.team_id).about_column("team_id");
        share.one("createdBy", |share| Some(share.created_by)).about_column("created_by").required();
        share
            .aggregate()
            .ranges(&["createdAt", "expiresAt"])
            .by(&["audience", "conversation", "user", "team", "createdBy"])
            .by_period(&["createdAt", "expiresAt", "revokedAt"]);
    }

    fn bars(&self, permission: &str, caller: &Caller, grants: &Grants) -> bool {
        let may = caller.user == Some(self.created_by.0) || grants.hold(ALL_CONVERSATIONS);
        permission == "conversation.share" && (self.revoked_at.is_some() || !may)
    }
}

impl ConversationShare {
    fn is_in_force(&self) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| clock::now() < end)
    }
}

filter! { ConversationShareFilter for ConversationShare in conversation_shares {
    id: Compare<Id<ConversationShare>>,
    audience: Compare<ConversationAudience>,
    expires_at: Compare<DateTime<Utc>>,
    revoked_at: Compare<DateTime<Utc>>,
    created_at: Compare<DateTime<Utc>>,
    conversation: ConversationFilter => through conversation_id,
    user: UserFilter => through user_id,
    team: TeamFilter => through team_id,
    created_by: UserFilter => through created_by,
} }

order! { ConversationShareOrder, ConversationShareOrderField for ConversationShare {
    /// When it was shared.
    CreatedAt = created_at,
    /// When the share ends by itself.
    ExpiresAt = expires_at,
} default [CreatedAt Desc] }

pub fn queries(query: &mut Fields<Query>) {
    query
        .by_id::<ConversationShare>("conversationShare")
        .about("A share of a conversation by its id; null when there is none that you may see.");
    query.list::<ConversationShare>("conversationShares").about(
        "What you share, and what is shared with you now, newest first unless ordered otherwise; all others too where you hold `conversation.read_all`.",
    );
}

pub fn mutations(mutations: &mut Mutations) {
    mutations.change("conversationShare", share).needs("conversation.share").in_person().about(
        "Lets a person, a team or everybody in the organization read a conversation of yours, with what is said in it later; who \
         changes it and speaks in it stays you. They need `conversation.read` and `message.read` themselves. \
         Errors: NOT_FOUND, INVALID, STATE, NOT_UNIQUE.",
    );
    mutations.change("conversationShareUpdate", update).needs("conversation.share").in_person().about(
        "Changes when a share ends. Errors: NOT_FOUND, CONFLICT, INVALID, STATE when it was withdrawn.",
    );
    mutations.change("conversationShareRevoke", revoke).needs("conversation.share").in_person().about(
        "Withdraws a share: from then on nobody reads by it. Who may read all conversations may withdraw those of others. \
         Errors: NOT_FOUND, CONFLICT, STATE.",
    );
}

/// With whom to share a conversation: exactly one of `userId`, `teamId` and `everybody`.
#[derive(InputObject)]
struct ConversationShareInput {
    /// Which conversation, one of yours.
    conversation_id: Id<Conversation>,
    /// With this person.
    user_id: Option<Id<User>>,
    /// With this team: whoever is in it at the time.
    team_id: Option<Id<Team>>,
    /// With everybody who works in the organization.
    #[graphql(default)]
    everybody: bool,
    /// When the share ends by itself; never when absent.
    expires_at: Option<DateTime<Utc>>,
}

impl ConversationShareInput {
    /// With whom; refused for who does not work here.
    async fn audience(&self, write: &mut Write) -> Outcome<ConversationAudience> {
        match (self.user_id, self.team_id, self.everybody) {
            (Some(person), None, false) => {
                let works_here = memberships::table
                    .filter(memberships::organization_id.eq(write.organization()))
                    .filter(memberships::user_id.eq(person))
                    .filter(memberships::status.eq("active"));
                if !diesel::select(diesel::dsl::exists(works_here)).get_result::<bool>(write).await? {
                    return Err(UserError::not_found(person, &["input", "userId"]).into());
                }
                Ok(ConversationAudience::Person)
            }
            (None, Some(team), false) => {
                record::find(write, team, &["input", "teamId"]).await?;
                Ok(ConversationAudience::Team)
            }
            (None, None, true) => Ok(ConversationAudience::Organization),
            _ => {
                let message = say!("say with whom: one of `userId`, `teamId` and `everybody`");
                Err(UserError::new(UserErrorCode::Invalid, message, &["input"]).into())
            }
        }
    }
}

async fn share(write: &mut Write, input: ConversationShareInput) -> Outcome<Id<ConversationShare>> {
    const CONVERSATION: &[&str] = &["input", "conversationId"];
    let audience = input.audience(write).await?;
    let conversation: Conversation = record::find(write, input.conversation_id, CONVERSATION).await?;
    write.extends_to(conversation.id).await?;
    if write.caller().user != Some(conversation.user_id.0) {
        let message = say!("only whose conversation it is shares it");
        return Err(UserError::state(message, CONVERSATION, &[]).into());
    }
    ends_later(input.expires_at)?;
    close_over(write, &input).await?;
    let share = Changes::default()
        .set(conversation_shares::conversation_id, conversation.id)
        .set(conversation_shares::audience, audience)
        .set(conversation_shares::user_id, input.user_id)
        .set(conversation_shares::team_id, input.team_id)
        .set(conversation_shares::created_by, conversation.user_id)
        .set(conversation_shares::expires_at, input.expires_at);
    record::create(write, share).await
}

fn ends_later(expires_at: Option<DateTime<Utc>>) -> Outcome<()> {
    if expires_at.is_some_and(|end| end <= clock::now()) {
        let message = say!("it would be over already: name a time to come");
        return Err(UserError::new(UserErrorCode::Invalid, message, &["input", "expiresAt"]).into());
    }
    Ok(())
}

/// A share with the same people that has ended by itself does not stand in the way of another.
async fn close_over(write: &mut Write, input: &ConversationShareInput) -> Outcome<()> {
    let over = conversation_shares::table
        .filter(conversation_shares::organization_id.eq(write.organization()))
        .filter(conversation_shares::conversation_id.eq(input.conversation_id))
        .filter(conversation_shares::user_id.is_not_distinct_from(input.user_id))
        .filter(conversation_shares::team_id.is_not_distinct_from(input.team_id))
        .filter(conversation_shares::revoked_at.is_null())
        .filter(conversation_shares::expires_at.le(clock::now()))
        .for_update()
        .select(ConversationShare::as_select());
    let over: Vec<ConversationShare> = over.load(write).await?;
    for before in over {
        record::change(write, "revoked", before, withdrawn()).await?;
    }
    Ok(())
}

fn withdrawn() -> Changes<conversation_shares::table> {
    Changes::default().set(conversation_shares::revoked_at, Some(clock::now()))
}

/// What to change of a share. Absent: unchanged. Null: cleared.
#[derive(InputObject)]
struct ConversationShareUpdateInput {
    /// Which share.
    id: Id<ConversationShare>,
    /// The version you read; refused when it is another by now.
    expected_version: Option<i32>,
    /// When it ends by itself; null for never.
    expires_at: MaybeUndefined<DateTime<Utc>>,
}

async fn update(write: &mut Write, input: ConversationShareUpdateInput) -> Outcome<Id<ConversationShare>> {
    let before = record::lock(write, input.id, input.expected_version).await?;
    ends_later(input.expires_at.value().copied())?;
    let changes = Changes::default().patch(conversation_shares::expires_at, input.expires_at);
    record::update(write, before, changes).await
}

async fn revoke(write: &mut Write, input: RecordInput<ConversationShare>) -> Outcome<Id<ConversationShare>> {
    let before = input.lock_living(write).await?;
    if before.revoked_at.is_some() {
        return Err(UserError::state(say!("it is withdrawn already"), &["input", "id"], &[]).into());
    }
    record::change(write, "revoked", before, withdrawn()).await
}
