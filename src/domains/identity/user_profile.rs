//! Profiles (B013): what people tell about themselves, and how they like Portico wherever they work.
use super::session;
use crate::{
    domains::{identity::user::User, prelude::*},
    graph::mutation::Payload,
    store::tables::identity::user_profiles,
};

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = user_profiles, check_for_backend(Pg))]
pub struct UserProfile {
    #[diesel(column_name = user_id)]
    pub id: Id<UserProfile>,
    pub date_of_birth: Option<Date>,
    pub gender: Option<String>,
    pub bio: Option<String>,
    pub website_url: Option<String>,
    pub linkedin_url: Option<String>,
    pub github_url: Option<String>,
    pub job_title: Option<String>,
    pub company: Option<String>,
    pub country: Option<String>,
    pub state_province: Option<String>,
    pub city: Option<String>,
    pub postal_code: Option<String>,
    pub address_line1: Option<String>,
    pub address_line2: Option<String>,
    pub notification_preferences: Json,
    pub privacy_settings: Json,
    pub ui_preferences: Json,
    pub revision: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

entity!(
    UserProfile, "profile", identity::user_profiles,
    needs "user.profile.read", key user_id, owner Nobody, version revision
);

/// What is shown to its person, and to few others.
const PRIVATE: &[&str] = &[
    "dateOfBirth",
    "gender",
    "stateProvince",
    "city",
    "postalCode",
    "addressLine1",
    "addressLine2",
    "notificationPreferences",
    "privacySettings",
    "uiPreferences",
];

impl Entity for UserProfile {
    fn fields(profile: &mut Fields<Self>) {
        columns! { profile: UserProfile {
            /// Identity of the profile: one per person.
            id,
            bio, website_url, linkedin_url, github_url, job_title, company, country,
            date_of_birth needs "user.profile.private.read", gender needs "user.profile.private.read",
            state_province needs "user.profile.private.read", city needs "user.profile.private.read",
            postal_code needs "user.profile.private.read", address_line1 needs "user.profile.private.read",
            address_line2 needs "user.profile.private.read",
            notification_preferences needs "user.profile.private.read",
            privacy_settings needs "user.profile.private.read", ui_preferences needs "user.profile.private.read",
            revision as "version", created_at, updated_at,
        } }
        for private in PRIVATE {
            profile.show_own(private, |profile, caller| caller.user == Some(profile.id.0));
        }
        profile.one("user", |profile| Some(profile.id.cast::<User>())).about_column("user_id").required();
    }
}

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .action("userProfileUpdate", update, |payload: &mut Fields<Payload<Id<UserProfile>>>| {
            payload
                .one("userProfile", |payload| payload.result)
                .public()
                .about("Your profile as it is now; null when nothing was done.");
        })
        .personal()
        .for_impersonators()
        .about("Changes what you tell about yourself. Errors: CONFLICT, INVALID.");
}

/// What to change of your profile. Absent: unchanged. Null: cleared.
#[derive(InputObject)]
struct UserProfileUpdateInput {
    /// The version you read; refused when it is another by now.
    expected_version: Option<i32>,
    /// The day on which you were born.
    date_of_birth: MaybeUndefined<Date>,
    /// Your gender, in your own words.
    gender: MaybeUndefined<String>,
    /// What you tell about yourself.
    bio: MaybeUndefined<String>,
    /// Address of your web site.
    website_url: MaybeUndefined<String>,
    /// Address of your page at `LinkedIn`.
    linkedin_url: MaybeUndefined<String>,
    /// Address of your page at GitHub.
    github_url: MaybeUndefined<String>,
    /// What you work as.
    job_title: MaybeUndefined<String>,
    /// The company that you work for.
    company: MaybeUndefined<String>,
    /// The country you live in: `DE`.
    country: MaybeUndefined<String>,
    /// The state or province you live in.
    state_province: MaybeUndefined<String>,
    /// The city you live in.
    city: MaybeUndefined<String>,
    /// Your postal code.
    postal_code: MaybeUndefined<String>,
    /// Your street and number.
    address_line1: MaybeUndefined<String>,
    /// The second line of your address.
    address_line2: MaybeUndefined<String>,
    /// What you want to be told, and how, wherever you work.
    notification_preferences: Option<Json>,
    /// What you want clients to show of you.
    privacy_settings: Option<Json>,
    /// Settings of your screens, wherever you work.
    ui_preferences: Option<Json>,
}

async fn update(write: &mut Write, input: UserProfileUpdateInput) -> Outcome<Id<UserProfile>> {
    let id = Id::of(write.caller().user.unwrap_or_default());
    session::in_some_organization(write).await?;
    let expected = input.expected_version;
    let changes = Changes::default()
        .patch(user_profiles::date_of_birth, input.date_of_birth)
        .patch(user_profiles::gender, input.gender)
        .patch(user_profiles::bio, input.bio)
        .patch(user_profiles::website_url, input.website_url)
        .patch(user_profiles::linkedin_url, input.linkedin_url)
        .patch(user_profiles::github_url, input.github_url)
        .patch(user_profiles::job_title, input.job_title)
        .patch(user_profiles::company, input.company)
        .patch(user_profiles::country, input.country)
        .patch(user_profiles::state_province, input.state_province)
        .patch(user_profiles::city, input.city)
        .patch(user_profiles::postal_code, input.postal_code)
        .patch(user_profiles::address_line1, input.address_line1)
        .patch(user_profiles::address_line2, input.address_line2)
        .given(user_profiles::notification_preferences, input.notification_preferences)
        .given(user_profiles::privacy_settings, input.privacy_settings)
        .given(user_profiles::ui_preferences, input.ui_preferences);
    let Some(before) = UserProfile::lock(write, id).await? else {
        // there is none until something is told, and so no version of it to be expected
        let profile = UserProfile::insert(write, id, changes).await?;
        return record::created(write, &profile).await;
    };
    if expected.is_some_and(|expected| expected != before.revision) {
        return Err(UserError::conflict(id, before.revision).into());
    }
    record::update(write, before, changes).await
}
