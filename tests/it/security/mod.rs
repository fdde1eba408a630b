mod classification;
mod detection;
mod masked_with;
mod masking_policy;
mod security_event;
