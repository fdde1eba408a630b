//! Conditions of rights as GraphQL writes them: said once what they are, wherever one is given or shown.
use std::borrow::Cow;

use async_graphql::{InputType, InputValueResult, Value, registry::Registry};

use super::scalar::{Scalar, scalar};
use crate::store::value::{AccessCondition, Json};

const ABOUT: &str = "\
Under which condition a right counts, as a JSON object of at most 64 KiB; always when empty.

It is a tree of `{\"all\": […]}`, `{\"any\": […]}` and `{\"not\": {…}}` over comparisons: `{\"attribute\": \"resource.region\", \
\"operator\": \"eq\", \"value\": \"EUROPE\"}`, or with another attribute, `\"to\": \"subject.region\"`. Operators: eq, ne, gt, gte, lt, \
lte, in, isNull.

* Of the record, every column can be asked by its name in the API, `resource.ownerId`, and where it is registered as a \
resource, its free attributes, `resource.attributes.confidential`.
* Of the person, `subject.` id, email, emailDomain (of a proved address), title, region, departmentId, managerId, roles.
* Of the request, `request.` time, hour and weekday (UTC, Monday is 1), ip (an address or network), mfa (whether a second \
factor was shown in the session; for API keys never).

Whatever is not known lets nobody in, also below `not`.";

impl Scalar for AccessCondition {
    fn register(registry: &mut Registry) -> String {
        <Self as InputType>::create_type_info(registry)
    }
    fn json(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0.to_string().as_bytes());
    }
}

impl InputType for AccessCondition {
    type RawValueType = Self;
    fn type_name() -> Cow<'static, str> {
        "AccessCondition".into()
    }
    fn create_type_info(registry: &mut Registry) -> String {
        scalar(registry, "AccessCondition", ABOUT, None)
    }
    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        Json::parse(value).map(|Json(json)| Self(json)).map_err(async_graphql::InputValueError::propagate)
    }
    fn to_value(&self) -> Value {
        Value::from_json(self.0.clone()).unwrap_or_default()
    }
    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }
}
