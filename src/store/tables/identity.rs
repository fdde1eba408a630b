// @generated automatically by Diesel CLI.

pub mod identity {
    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// A key with which a program acts in one organization. The key itself is shown once; only its hash is kept.
        identity.api_keys (organization_id, id) {
            /// Organization that the API key belongs to.
            organization_id -> Uuid,
            /// Identity of the API key, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// What the key is for, in words of its maker.
            name -> Text,
            /// First characters of the key, to recognise it by.
            prefix -> Text,
            /// Hash of the whole key.
            hashed_key -> Text,
            /// Hash of the key that was replaced last; null when none was.
            previous_hashed_key -> Nullable<Text>,
            /// Until when the key that was replaced last still works; null when none was.
            previous_valid_until -> Nullable<Timestamptz>,
            /// When the key was last replaced by a new one; null when never.
            rotated_at -> Nullable<Timestamptz>,
            /// Permissions that the key is limited to, by name; empty means all of its role.
            scopes -> Array<Nullable<Text>>,
            /// Role whose permissions the key has, whatever becomes of its maker; null means those of its maker.
            role_id -> Nullable<Uuid>,
            /// Person who made the key; null when the platform did.
            created_by -> Nullable<Uuid>,
            /// When the key was last used; null when never.
            last_used_at -> Nullable<Timestamptz>,
            /// Internet address that last used the key; null when never used.
            last_used_ip -> Nullable<Inet>,
            /// When the key stops working; null means never.
            expires_at -> Nullable<Timestamptz>,
            /// When the API key was created.
            created_at -> Timestamptz,
            /// When the key was withdrawn; null while it works.
            revoked_at -> Nullable<Timestamptz>,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// Counts how many invitations an organization has sent within the hour.
        identity.invitation_quotas (organization_id) {
            /// Organization that sends.
            organization_id -> Uuid,
            /// Hour that is counted, by its beginning; a later one begins anew.
            hour -> Timestamptz,
            /// How many were sent within it, those that were sent again included.
            sent -> Int4,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// A letter that asks whoever has an e-mail address to join the organization in a role. The token that accepts it is only in the mail; its hash is kept.
        identity.invitations (organization_id, id) {
            /// Organization that the invitation belongs to.
            organization_id -> Uuid,
            /// Identity of the invitation, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// E-mail address that is invited; nobody else can accept.
            email -> Text,
            /// Role that whoever accepts is given.
            role_id -> Uuid,
            /// Person who sent the invitation last; null when a program did. The invitation is good only while they are an active member.
            invited_by -> Nullable<Uuid>,
            /// Hash of the token that was sent last; those sent before are good for nothing.
            token_hash -> Text,
            /// When the token was sent last.
            sent_at -> Timestamptz,
            /// Until when the token is good; sending the invitation again begins anew.
            expires_at -> Timestamptz,
            /// When the invitation was accepted; null until then.
            accepted_at -> Nullable<Timestamptz>,
            /// Person who accepted; null until then.
            accepted_by -> Nullable<Uuid>,
            /// When the invitation was withdrawn; null when it was not.
            revoked_at -> Nullable<Timestamptz>,
            /// When the invitation was created.
            created_at -> Timestamptz,
            /// When the invitation was last changed.
            updated_at -> Timestamptz,
            /// Version of the invitation: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else's change.
            revision -> Int4,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// The outbox: e-mail that the server has written. Whoever answers requests cannot read it again, since it may hold secrets; background work delivers it, and the owner of the database can read it.
        identity.mail (id) {
            /// Identity of the mail, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// E-mail address or telephone number that it is for.
            recipient -> Text,
            /// What it is about, in a line.
            subject -> Text,
            /// What it says, as plain text; once it was sent it is kept no longer, since it may hold secrets.
            body -> Text,
            /// When the mail was created.
            created_at -> Timestamptz,
            /// How often its delivery was tried. Default: 0.
            attempts -> Int4,
            /// When its delivery is tried next; while somebody is at it, when it is taken from them.
            next_attempt_at -> Timestamptz,
            /// When the mail server took it; null until then.
            sent_at -> Nullable<Timestamptz>,
            /// When its delivery was given up; null when it was not.
            failed_at -> Nullable<Timestamptz>,
            /// Why it was not delivered when that was tried last; null before the first failure and after success.
            failure -> Nullable<Text>,
            /// How it reaches its recipient: mail, or sms for a text message. One of: mail, sms. Default: mail.
            channel -> Text,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// A person's place in one organization. Owners, assignees and authors of records are always members of the same organization.
        identity.memberships (organization_id, user_id) {
            /// Organization that the membership belongs to.
            organization_id -> Uuid,
            /// Person who is the member.
            user_id -> Uuid,
            /// State of the membership: only an active one gives access. One of: invited, active, suspended, left. Default: active.
            status -> Text,
            /// Person the member reports to; null at the top.
            manager_id -> Nullable<Uuid>,
            /// Department the member works in; null for none. Some roles see records of this department only.
            department_id -> Nullable<Uuid>,
            /// Region the member works in; null for none. Some roles see records of this region only. One of: north_america, europe, middle_east, asia_pacific, latin_america.
            region -> Nullable<Text>,
            /// Position in the organization, such as Chief Financial Officer; null when not told.
            title -> Nullable<Text>,
            /// Settings of the member's screens, as a JSON object.
            preferences -> Jsonb,
            /// What the member wants to be told and how, as a JSON object.
            notification_preferences -> Jsonb,
            /// When the person became an active member; null while only invited.
            joined_at -> Nullable<Timestamptz>,
            /// When the member last used Portico in this organization, to the minute; null when never.
            last_seen_at -> Nullable<Timestamptz>,
            /// When the membership was created.
            created_at -> Timestamptz,
            /// When the membership was last changed.
            updated_at -> Timestamptz,
            /// Version of the membership: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else's change.
            revision -> Int4,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// A secret given to a person, who proves with it once to be that person. The token itself is only in the mail or the answer that brings it; its hash is kept.
        identity.one_time_tokens (id) {
            /// Identity of the token, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// Person whom it was given to.
            user_id -> Uuid,
            /// What it is good for. One of: password_reset, email_verification, mfa_challenge.
            purpose -> Text,
            /// E-mail address that it was sent to, or that its person signs in with.
            email -> Text,
            /// Hash of the whole token.
            token_hash -> Text,
            /// Short name of the organization that was named at the sign-in; null when none was.
            organization -> Nullable<Text>,
            /// Whether the session that it leads to stays in its organization. Default: false.
            confined -> Bool,
            /// When it stops working; at once when a newer one is sent or the password is changed.
            expires_at -> Timestamptz,
            /// When it was used; null until then, and it is used once.
            used_at -> Nullable<Timestamptz>,
            /// When the token was created.
            created_at -> Timestamptz,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// How one organization wants Portico to behave: features, sign-in rules, masking and limits of the assistant.
        identity.organization_settings (organization_id) {
            /// Organization that the settings record belongs to.
            organization_id -> Uuid,
            /// First day of the fiscal year, written MM-DD; null means the first day of the organization's starting month.
            fiscal_year_start -> Nullable<Text>,
            /// Which features are switched on, by name. Kept for what comes: no feature asks yet.
            features -> Jsonb,
            /// When people must sign in again: maxHours after signing in, and idleMinutes after they were last there (never sooner than an access token ends); what is absent follows the platform. With mfaRequired, people work here only in sessions that were opened with a second factor; API keys are not concerned.
            session_policy -> Jsonb,
            /// What passwords must look like when they are chosen: minLength, 8 to 200 characters. Of several organizations of a person the strictest counts.
            password_policy -> Jsonb,
            /// Whether what is classified as to be masked is masked for people who may not see it in clear; masking policies count anyway. Default: true.
            masking_enabled -> Bool,
            /// What the assistant may do in this organization. Kept for what comes: there is no assistant yet.
            ai_policy -> Jsonb,
            /// When the settings were last changed.
            updated_at -> Timestamptz,
            /// Person who last changed the settings; null when the platform did.
            updated_by -> Nullable<Uuid>,
            /// Version of the settings: starts at 1 and grows by one with every change.
            revision -> Int4,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// A company or institution that uses Portico; every other record belongs to exactly one. The platform itself is the organization with the id 00000000-0000-0000-0000-000000000000 and owns the built-in records.
        identity.organizations (id) {
            /// Identity of the organization, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// Name of the organization as people know it.
            name -> Text,
            /// Short name in addresses and at sign-in: small letters, digits and hyphens, at most 63 characters. Unique among living organizations.
            slug -> Text,
            /// State of the organization: only an active one answers requests. One of: active, suspended, deleted. Default: active.
            status -> Text,
            /// Address of the logo; null for none.
            logo_url -> Nullable<Text>,
            /// Kind of business, in free words; null when not told.
            business_type -> Nullable<Text>,
            /// Industry that the organization works in; null when not told.
            industry_vertical -> Nullable<Text>,
            /// Market that the organization sells to; null when not told.
            target_market -> Nullable<Text>,
            /// Time zone for days and reports, as in the IANA list (Europe/Berlin). Default: UTC.
            timezone -> Text,
            /// Language and region for formatting, as a BCP 47 tag. Default: en-US.
            locale -> Text,
            /// Currency that new records start with, as an ISO 4217 code. Default: USD.
            currency -> Text,
            /// Month in which the fiscal year begins, 1 to 12. Default: 1.
            fiscal_year_start_month -> Int2,
            /// Language whose word forms full-text search knows; simple takes words as they are. Default: simple.
            search_language -> Regconfig,
            /// Where the text of ingested documents is kept: inline in Portico, external only at its source. One of: inline, external. Default: inline.
            content_storage_mode -> Text,
            /// Key that encrypts the organization's secrets; null for the key of the platform.
            encryption_key_id -> Nullable<Uuid>,
            /// How many days ingested data is kept; null means without limit.
            retention_days -> Nullable<Int4>,
            /// Settings that only clients read, as a JSON object.
            settings -> Jsonb,
            /// Free data of integrations, as a JSON object.
            metadata -> Jsonb,
            /// Words of the name and the kind of business, prepared for full-text search; kept by the database.
            search_vector -> Nullable<Tsvector>,
            /// When the organization was created.
            created_at -> Timestamptz,
            /// When the organization was last changed.
            updated_at -> Timestamptz,
            /// Version of the organization: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else's change.
            revision -> Int4,
            /// When the organization was deleted; null while it lives.
            deleted_at -> Nullable<Timestamptz>,
            /// When everything of the deleted organization is deleted for good; until then it can be restored. Null while it lives.
            purge_due_at -> Nullable<Timestamptz>,
            /// When deleting everything of it began: from then on it cannot be restored. Null before.
            purge_started_at -> Nullable<Timestamptz>,
            /// When nothing of it was left but this; null before.
            purged_at -> Nullable<Timestamptz>,
            /// How many rows of each table were deleted, and where the chain of its audit log ended, as a JSON object; null until then.
            purge_report -> Nullable<Jsonb>,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// What a device has to sign with a passkey, once and soon. Whoever answers shows the token, of which the hash is kept.
        identity.passkey_challenges (id) {
            /// Identity of the challenge, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// Person who is to answer; null where the answer tells who it is.
            user_id -> Nullable<Uuid>,
            /// What the answer is good for. One of: registration, sign_in, second_factor.
            purpose -> Text,
            /// Hash of the token.
            token_hash -> Text,
            /// What was asked, as a JSON object.
            state -> Jsonb,
            /// Until when it can be answered.
            expires_at -> Timestamptz,
            /// When it was answered, rightly or wrongly; null until then, and it is answered once.
            used_at -> Nullable<Timestamptz>,
            /// When the challenge was created.
            created_at -> Timestamptz,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// A key on a device of a person, with which they sign in instead of with a password; the device has seen who they are.
        identity.passkeys (id) {
            /// Identity of the passkey, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// Person whose passkey it is.
            user_id -> Uuid,
            /// Name of the passkey as its person knows it, such as the device it is on.
            name -> Text,
            /// Number by which the device knows the passkey.
            credential_id -> Bytea,
            /// Public key, and what the device told of itself, as a JSON object.
            credential -> Jsonb,
            /// How often the device says it was used; 0 where it does not count. It never goes back. Default: 0.
            sign_count -> Int8,
            /// When it was last used to sign in; null when never.
            last_used_at -> Nullable<Timestamptz>,
            /// When the passkey was created.
            created_at -> Timestamptz,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// A code that was sent to a telephone, with which its person proves that it is theirs. It can be tried five times.
        identity.phone_codes (id) {
            /// Identity of the code, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// Person whose telephone it is.
            user_id -> Uuid,
            /// Number that the code was sent to.
            phone -> Text,
            /// Hash of the code.
            code_hash -> Text,
            /// How often it was tried, rightly or wrongly. Default: 0.
            attempts -> Int4,
            /// Until when it works.
            expires_at -> Timestamptz,
            /// When it was used; null until then, and it is used once.
            used_at -> Nullable<Timestamptz>,
            /// When the code was created.
            created_at -> Timestamptz,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// A person who administers the platform itself. Rows are never changed or deleted.
        identity.platform_admins (id) {
            /// Identity of the platform administrator, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// E-mail address of the administrator.
            email -> Text,
            /// Account of the administrator; null until the person has one.
            user_id -> Nullable<Uuid>,
            /// Always true: says to readers that the row cannot be changed. Default: true.
            immutable -> Bool,
            /// When the platform administrator was created.
            created_at -> Timestamptz,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// A code that a person shows once instead of the second factor that they have lost. The code itself is shown when it is made; only its hash is kept.
        identity.recovery_codes (id) {
            /// Identity of the recovery code, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// Person whose code it is.
            user_id -> Uuid,
            /// Hash of the code.
            code_hash -> Text,
            /// When it was used; null until then, and it is used once.
            used_at -> Nullable<Timestamptz>,
            /// When the recovery code was created.
            created_at -> Timestamptz,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// What the directory of an organization says of a member. It is told back as it was said; the account itself follows only while it is the organization's own.
        identity.scim_users (organization_id, user_id) {
            /// Organization whose directory it is.
            organization_id -> Uuid,
            /// Member of whom it speaks.
            user_id -> Uuid,
            /// Identity of the person in the directory; null when not told.
            external_id -> Nullable<Text>,
            /// User name in the directory. Unique in the organization, whatever the case.
            user_name -> Text,
            /// Whole name as it is written; null when not told.
            formatted_name -> Nullable<Text>,
            /// Given name; null when not told.
            given_name -> Nullable<Text>,
            /// Family name; null when not told.
            family_name -> Nullable<Text>,
            /// Name as shown to others; null when not told.
            display_name -> Nullable<Text>,
            /// E-mail addresses, each with its value, type and whether it is the primary one, as a JSON list.
            emails -> Jsonb,
            /// Telephone numbers, each with its value, type and whether it is the primary one, as a JSON list.
            phone_numbers -> Jsonb,
            /// Language and region of the person; null when not told.
            locale -> Nullable<Text>,
            /// Time zone of the person; null when not told.
            timezone -> Nullable<Text>,
            /// Department as the directory calls it; null when not told. The membership follows where a department has this name or code.
            department -> Nullable<Text>,
            /// Whether the account was made for this directory and has been nobody else's since: false for good once its person has a password, has proved the address or has joined another organization. Default: false.
            owns_account -> Bool,
            /// When the directory first spoke of the person.
            created_at -> Timestamptz,
            /// When the directory last said something else.
            updated_at -> Timestamptz,
            /// Version of what the directory says: starts at 1 and grows by one with every change.
            revision -> Int4,
            /// When the directory let go of the person; null while it has not.
            removed_at -> Nullable<Timestamptz>,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// A sign-in of a person on one device, which lasts until it expires or is revoked.
        identity.sessions (id) {
            /// Identity of the session, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// Person who signed in.
            user_id -> Uuid,
            /// Organization the session works in; null until one is chosen.
            organization_id -> Nullable<Uuid>,
            /// Hash of the token that prolongs the session; replaced at every use.
            refresh_token_hash -> Text,
            /// Number of the access token given out last; null before the first.
            access_token_jti -> Nullable<Text>,
            /// What is known of the device, as a JSON object; null when nothing is.
            device_info -> Nullable<Jsonb>,
            /// Internet address at the last sign-in or renewal; null when unknown.
            ip_address -> Nullable<Inet>,
            /// Program that the person used, as it names itself; null when unknown.
            user_agent -> Nullable<Text>,
            /// Whether a second factor was shown in it, at the sign-in or since. Default: false.
            mfa -> Bool,
            /// Whether the session stays in its organization: it was opened on the word of the organization's own provider, which counts nowhere else. Default: false.
            confined -> Bool,
            /// When the session ends unless it is prolonged.
            expires_at -> Timestamptz,
            /// When the session was last used.
            last_activity_at -> Timestamptz,
            /// When the session was ended before its time; null while it was not.
            revoked_at -> Nullable<Timestamptz>,
            /// Why the session was ended, such as signed_out or token_reused; null while it was not.
            revoke_reason -> Nullable<Text>,
            /// When the session was created.
            created_at -> Timestamptz,
            /// Who acts as the person in this session; null where they act themselves.
            impersonated_by -> Nullable<Uuid>,
            /// Session of who acts as the person, with which this one ends; null where they act themselves.
            impersonator_session_id -> Nullable<Uuid>,
            /// Why somebody else acts as the person in this session; null where they act themselves.
            impersonation_reason -> Nullable<Text>,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// An account that a person has with a provider, with which they sign in here.
        identity.sso_accounts (organization_id, id) {
            /// Organization that the provider belongs to.
            organization_id -> Uuid,
            /// Identity of the link, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// Person whose account it is.
            user_id -> Uuid,
            /// Provider that knows the account.
            provider_id -> Uuid,
            /// Issuer as the provider names itself; with the subject it is who somebody is.
            issuer -> Text,
            /// Subject: how the provider names the person, for good.
            external_id -> Text,
            /// User name with the provider; null when not told.
            external_username -> Nullable<Text>,
            /// E-mail address with the provider; null when not told. It says nothing of who somebody is.
            external_email -> Nullable<Text>,
            /// Encrypted token for the provider; null, since nothing is asked of it after the sign-in.
            access_token_encrypted -> Nullable<Bytea>,
            /// Encrypted token that renews the other; null, since nothing is asked of the provider after the sign-in.
            refresh_token_encrypted -> Nullable<Bytea>,
            /// When the token for the provider ends; null for none.
            token_expires_at -> Nullable<Timestamptz>,
            /// When the account was linked.
            linked_at -> Timestamptz,
            /// When the person last signed in with it; null when never.
            last_used_at -> Nullable<Timestamptz>,
            /// What else the provider told at the last sign-in, as a JSON object.
            external_data -> Jsonb,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// A role that is given to whom an account is made for.
        identity.sso_provider_roles (organization_id, provider_id, role_id) {
            /// Organization that the provider belongs to.
            organization_id -> Uuid,
            /// Provider at which people sign in.
            provider_id -> Uuid,
            /// Role that they are given.
            role_id -> Uuid,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// A house whose word is taken for who somebody is: people sign in there instead of with a password. It belongs to an organization, or to the platform and so to all.
        identity.sso_providers (organization_id, id) {
            /// Organization that the provider belongs to.
            organization_id -> Uuid,
            /// Identity of the provider, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// Name of the provider as people choose it.
            name -> Text,
            /// How the provider speaks: oidc (OpenID Connect) or oauth2 (OAuth 2.0 with an address that tells who somebody is). SAML goes through a broker that speaks OpenID Connect. One of: oidc, oauth2.
            provider_type -> Text,
            /// Name by which the provider knows this server.
            client_id -> Text,
            /// Encrypted secret that the provider has given this server; null for none.
            client_secret_encrypted -> Nullable<Bytea>,
            /// Address at which an OpenID provider describes itself: its issuer and /.well-known/openid-configuration. Null for oauth2.
            discovery_url -> Nullable<Text>,
            /// Address to which people are sent to sign in; null where the provider describes itself.
            authorization_url -> Nullable<Text>,
            /// Address that exchanges codes for tokens; null where the provider describes itself.
            token_url -> Nullable<Text>,
            /// Address that tells who somebody is; null where the provider describes itself.
            userinfo_url -> Nullable<Text>,
            /// Address of the provider's keys; null where the provider describes itself.
            jwks_url -> Nullable<Text>,
            /// Address of SAML metadata, kept for the broker; null for none.
            saml_metadata_url -> Nullable<Text>,
            /// Certificate of a SAML provider, kept for the broker; null for none.
            saml_certificate -> Nullable<Text>,
            /// Addresses to which people may come back, exactly; besides them, pages of the server's public address.
            redirect_uris -> Array<Nullable<Text>>,
            /// What the provider is asked to tell, as its scopes. Default: openid, email, profile.
            scopes -> Array<Nullable<Text>>,
            /// Under which names the provider tells who somebody is, where they are not the usual ones: subject, email, emailVerified, username, firstName, lastName, displayName.
            attribute_mapping -> Jsonb,
            /// Whether an account is made for who signs in for the first time. Default: false.
            auto_create_users -> Bool,
            /// Whether anybody signs in there. Default: true.
            is_active -> Bool,
            /// Free data of integrations, as a JSON object.
            metadata -> Jsonb,
            /// When the provider was created.
            created_at -> Timestamptz,
            /// When the provider was last changed.
            updated_at -> Timestamptz,
            /// Version of the provider: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else's change.
            revision -> Int4,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// A sign-in on its way to a provider and back. Who comes back shows the state, of which the hash is kept.
        identity.sso_requests (organization_id, id) {
            /// Organization that the provider belongs to.
            organization_id -> Uuid,
            /// Identity of the request, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// Provider to which the person was sent.
            provider_id -> Uuid,
            /// Hash of the state with which the person comes back.
            state_hash -> Text,
            /// Encrypted nonce and PKCE verifier.
            secrets_encrypted -> Bytea,
            /// Where the person comes back.
            redirect_uri -> Text,
            /// Person who links an account; null for a sign-in.
            user_id -> Nullable<Uuid>,
            /// Until when the person has to be back.
            expires_at -> Timestamptz,
            /// When the person came back; null until then, and it is used once.
            used_at -> Nullable<Timestamptz>,
            /// When the request was created.
            created_at -> Timestamptz,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// What a person tells about themselves and how they like Portico, in whichever organization. Where they stand in one is told by their membership.
        identity.user_profiles (user_id) {
            /// Person whose profile it is.
            user_id -> Uuid,
            /// Day on which the person was born; null when not told.
            date_of_birth -> Nullable<Date>,
            /// Gender in the person's own words; null when not told.
            gender -> Nullable<Text>,
            /// What the person tells about themselves; null when nothing.
            bio -> Nullable<Text>,
            /// Address of the person's web site; null for none.
            website_url -> Nullable<Text>,
            /// Address of the person's page at LinkedIn; null for none.
            linkedin_url -> Nullable<Text>,
            /// Address of the person's page at GitHub; null for none.
            github_url -> Nullable<Text>,
            /// What the person works as, wherever that is; null when not told. The position in an organization stands with the membership.
            job_title -> Nullable<Text>,
            /// Company that the person works for; null when not told.
            company -> Nullable<Text>,
            /// Country the person lives in, as an ISO 3166-1 code of two letters; null when not told.
            country -> Nullable<Text>,
            /// State or province the person lives in; null when not told.
            state_province -> Nullable<Text>,
            /// City the person lives in; null when not told.
            city -> Nullable<Text>,
            /// Postal code of where the person lives; null when not told.
            postal_code -> Nullable<Text>,
            /// Street and number where the person lives; null when not told.
            address_line1 -> Nullable<Text>,
            /// Second line of the address where the person lives; null for none.
            address_line2 -> Nullable<Text>,
            /// What the person wants to be told and how, in whichever organization, as a JSON object.
            notification_preferences -> Jsonb,
            /// What the person wants clients to show of them, as a JSON object; the server goes by permissions alone.
            privacy_settings -> Jsonb,
            /// Settings of the person's screens in whichever organization, as a JSON object.
            ui_preferences -> Jsonb,
            /// When the profile was created.
            created_at -> Timestamptz,
            /// When the profile was last changed.
            updated_at -> Timestamptz,
            /// Version of the profile: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else's change.
            revision -> Int4,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// A person with an account: credentials and name exist once, memberships connect the account with organizations.
        identity.users (id) {
            /// Identity of the person, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// E-mail address the person signs in with. Unique among living accounts, whatever the case.
            email -> Text,
            /// Name to sign in with instead of the address; null for none. Unique among living accounts.
            username -> Nullable<Text>,
            /// Hash of the password; null when the person signs in another way.
            password_hash -> Nullable<Text>,
            /// Given name; null when not told.
            first_name -> Nullable<Text>,
            /// Family name; null when not told.
            last_name -> Nullable<Text>,
            /// Name as shown to others; null means given and family name.
            display_name -> Nullable<Text>,
            /// Address of the person's picture; null for none.
            avatar_url -> Nullable<Text>,
            /// Telephone number in international form; null when not told.
            phone -> Nullable<Text>,
            /// Time zone of the person, as in the IANA list. Default: UTC.
            timezone -> Text,
            /// Language and region of the person, as a BCP 47 tag. Default: en-US.
            locale -> Text,
            /// State of the account: pending until the first sign-in is possible, inactive when switched off. One of: pending, active, inactive, deleted. Default: pending.
            status -> Text,
            /// When the address was proved to be the person's; null until then.
            email_verified_at -> Nullable<Timestamptz>,
            /// When the telephone number was proved to be the person's; null until then.
            phone_verified_at -> Nullable<Timestamptz>,
            /// Wrong passwords and codes since the last success. Default: 0.
            failed_login_attempts -> Int4,
            /// When an administrator locked the account, without end; null when not locked.
            locked_at -> Nullable<Timestamptz>,
            /// Until when sign-in is refused after too many wrong passwords and codes; null or past when it is not.
            locked_until -> Nullable<Timestamptz>,
            /// When the password was last changed; null when never.
            password_changed_at -> Nullable<Timestamptz>,
            /// When the person last signed in; null when never.
            last_login_at -> Nullable<Timestamptz>,
            /// Internet address of the last sign-in; null when never.
            last_login_ip -> Nullable<Inet>,
            /// How often the person signed in. Default: 0.
            login_count -> Int8,
            /// Whether a second factor is asked for at sign-in. Default: false.
            mfa_enabled -> Bool,
            /// Encrypted secret of the second factor; null for none. It counts once the second factor is switched on.
            mfa_secret_encrypted -> Nullable<Bytea>,
            /// Half minute whose code was used last, counted since 1970: no code of it or of an earlier one is taken again. Null before the first.
            mfa_last_step -> Nullable<Int8>,
            /// Free data of integrations, as a JSON object.
            metadata -> Jsonb,
            /// When the person was created.
            created_at -> Timestamptz,
            /// When the person was last changed.
            updated_at -> Timestamptz,
            /// Version of the person: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else's change.
            revision -> Int4,
            /// When the account was deleted; null while it lives.
            deleted_at -> Nullable<Timestamptz>,
            /// When everything personal of the deleted account is erased for good; null while it lives.
            purge_due_at -> Nullable<Timestamptz>,
            /// When everything personal was erased; null before.
            purged_at -> Nullable<Timestamptz>,
        }
    }

    diesel::joinable!(api_keys -> organizations (organization_id));
    diesel::joinable!(invitation_quotas -> organizations (organization_id));
    diesel::joinable!(invitations -> organizations (organization_id));
    diesel::joinable!(memberships -> organizations (organization_id));
    diesel::joinable!(memberships -> users (user_id));
    diesel::joinable!(one_time_tokens -> users (user_id));
    diesel::joinable!(organization_settings -> organizations (organization_id));
    diesel::joinable!(passkey_challenges -> users (user_id));
    diesel::joinable!(passkeys -> users (user_id));
    diesel::joinable!(phone_codes -> users (user_id));
    diesel::joinable!(platform_admins -> users (user_id));
    diesel::joinable!(recovery_codes -> users (user_id));
    diesel::joinable!(sessions -> organizations (organization_id));
    diesel::joinable!(sso_accounts -> users (user_id));
    diesel::joinable!(sso_providers -> organizations (organization_id));
    diesel::joinable!(sso_requests -> users (user_id));
    diesel::joinable!(user_profiles -> users (user_id));

    diesel::allow_tables_to_appear_in_same_query!(
        api_keys,
        invitation_quotas,
        invitations,
        mail,
        memberships,
        one_time_tokens,
        organization_settings,
        organizations,
        passkey_challenges,
        passkeys,
        phone_codes,
        platform_admins,
        recovery_codes,
        scim_users,
        sessions,
        sso_accounts,
        sso_provider_roles,
        sso_providers,
        sso_requests,
        user_profiles,
        users,
    );
}
