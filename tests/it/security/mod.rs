mod masking_policy;
