//! Who signs in, how long that holds, and what it opens.
mod api_key;
mod house;
mod invitation;
mod lockout;
mod organization;
mod password_reset;
mod policy;
mod session;
mod sign_in;
