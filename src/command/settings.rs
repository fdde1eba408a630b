//! `portico settings`: every setting with its default, its meaning and its present value.
use anyhow::Result;

use super::{Outcome, say};
use crate::settings::Settings;

pub(super) fn run(settings: &Settings) -> Result<Outcome> {
    for setting in settings.list() {
        let or_none = |text: &str| if text.is_empty() { "(none)".to_owned() } else { text.to_owned() };
        let value = or_none(&setting.value);
        let changed = if setting.value == setting.default { "" } else { "  (changed)" };
        say(format_args!("{} = {value}{changed}", setting.name))?;
        say(format_args!("    {}", setting.meaning))?;
        say(format_args!("    {}, default {}", setting.env, or_none(setting.default)))?;
    }
    Ok(Outcome::Done)
}
