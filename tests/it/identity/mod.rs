//! Who signs in, how long that holds, and what it opens.
mod api_key;
mod email_verification;
pub mod house;
mod impersonation;
mod invitation;
mod lockout;
mod membership;
mod mfa;
mod openid;
mod organization;
mod password_reset;
mod policy;
mod session;
mod sign_in;
mod sso;
mod sso_forged;
mod user_lock;
mod user_profile;
