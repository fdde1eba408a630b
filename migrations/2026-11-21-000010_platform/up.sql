-- The platform organization and the built-in compliance frameworks.
-- Their ids are fixed, so that they are the same in every installation.

SELECT set_config('app.organization_id', '00000000-0000-0000-0000-000000000000', true);
SELECT set_config('app.user_id', '', true);

INSERT INTO identity.organizations (id, name, slug) VALUES ('00000000-0000-0000-0000-000000000000', 'Platform', 'platform')
ON CONFLICT DO NOTHING;

INSERT INTO governance.compliance_frameworks (organization_id, id, name, version, description, jurisdiction, framework_type, effective_date)
SELECT '00000000-0000-0000-0000-000000000000', ('00000000-0000-7000-8000-0000000f00' || lpad(f.n::text, 2, '0'))::uuid,
  f.name, f.version, f.description, f.jurisdiction, f.kind, f.effective::date
FROM (VALUES
  (1, 'GDPR', '2018', 'General Data Protection Regulation: protection of personal data of people in the European Union.', 'EU', 'privacy', '2018-05-25'),
  (2, 'CCPA', '2020', 'California Consumer Privacy Act: rights of consumers over their personal information.', 'California, US', 'privacy', '2020-01-01'),
  (3, 'HIPAA', '1996', 'Health Insurance Portability and Accountability Act: protection of health information.', 'US', 'healthcare', '1996-08-21'),
  (4, 'SOX', '2002', 'Sarbanes-Oxley Act: truth of financial reports and internal controls over them.', 'US', 'financial', '2002-07-30'),
  (5, 'PCI-DSS', '4.0', 'Payment Card Industry Data Security Standard: protection of card data.', NULL, 'security', '2022-03-31'),
  (6, 'SOC2', '2017', 'Trust Services Criteria of the AICPA: security, availability, integrity, confidentiality and privacy of a service.', NULL, 'security', '2018-12-15')
) AS f (n, name, version, description, jurisdiction, kind, effective)
ON CONFLICT DO NOTHING;

INSERT INTO governance.compliance_requirements (organization_id, id, framework_id, code, title, description, position)
SELECT '00000000-0000-0000-0000-000000000000',
  ('00000000-0000-7000-8000-0000000e' || lpad(r.framework::text, 2, '0') || lpad(r.place::text, 2, '0'))::uuid,
  ('00000000-0000-7000-8000-0000000f00' || lpad(r.framework::text, 2, '0'))::uuid,
  r.code, r.title, r.description, r.place
FROM (VALUES
  (1, 0, 'Art. 5', 'Principles of processing', 'Personal data are processed lawfully, for stated purposes, no more and no longer than needed, accurately and securely.'),
  (1, 1, 'Art. 6', 'Lawfulness of processing', 'Every processing rests on consent, contract, legal obligation, vital interest, public task or legitimate interest.'),
  (1, 2, 'Art. 15', 'Right of access', 'People learn which data about them are processed and get a copy.'),
  (1, 3, 'Art. 17', 'Right to erasure', 'Personal data are erased without undue delay when there is no longer a ground to keep them.'),
  (1, 4, 'Art. 25', 'Data protection by design and by default', 'Systems process by default only the data that each purpose needs.'),
  (1, 5, 'Art. 30', 'Records of processing activities', 'A record of all processing activities is kept and shown to the authority on request.'),
  (1, 6, 'Art. 32', 'Security of processing', 'Measures fit to the risk: encryption, confidentiality, integrity, availability, recovery and regular tests.'),
  (1, 7, 'Art. 33', 'Notification of a breach to the authority', 'The authority is told of a breach of personal data within 72 hours.'),
  (1, 8, 'Art. 35', 'Data protection impact assessment', 'Processing that is likely to bring high risk is assessed beforehand.'),
  (2, 0, '1798.100', 'Right to know at collection', 'Consumers are told at collection which categories of personal information are collected and why.'),
  (2, 1, '1798.105', 'Right to delete', 'Personal information is deleted on a verified request of the consumer.'),
  (2, 2, '1798.106', 'Right to correct', 'Inaccurate personal information is corrected on request.'),
  (2, 3, '1798.110', 'Right to access', 'Consumers learn which personal information was collected, from where and for what.'),
  (2, 4, '1798.120', 'Right to opt out of sale or sharing', 'Consumers can forbid that their personal information is sold or shared.'),
  (2, 5, '1798.125', 'No retaliation', 'Consumers who use their rights are not treated worse.'),
  (2, 6, '1798.130', 'Answering requests', 'Requests are answered within 45 days, free of charge, through at least two channels.'),
  (3, 0, '164.308(a)(1)', 'Security management process', 'Risks to health information are analysed, reduced and reviewed, with sanctions for violations.'),
  (3, 1, '164.308(a)(3)', 'Workforce security', 'Only people who need it have access to electronic health information.'),
  (3, 2, '164.308(a)(5)', 'Security awareness and training', 'All members of the workforce are trained in security.'),
  (3, 3, '164.308(a)(7)', 'Contingency plan', 'Backups, disaster recovery and emergency operation are planned and tested.'),
  (3, 4, '164.310(a)(1)', 'Facility access controls', 'Physical access to systems is limited to those authorised.'),
  (3, 5, '164.312(a)(1)', 'Access control', 'Unique identification, emergency access, automatic logoff and encryption.'),
  (3, 6, '164.312(b)', 'Audit controls', 'Activity in systems with health information is recorded and examined.'),
  (3, 7, '164.312(e)(1)', 'Transmission security', 'Health information is protected against unauthorised access while it is transmitted.'),
  (3, 8, '164.404', 'Notification of individuals', 'People are told of a breach of their health information within 60 days.'),
  (4, 0, '302', 'Corporate responsibility for financial reports', 'The chief executive and financial officers certify the reports and the controls behind them.'),
  (4, 1, '401', 'Disclosures in periodic reports', 'Reports show all material off-balance-sheet transactions and obligations.'),
  (4, 2, '404', 'Management assessment of internal controls', 'Management assesses the internal control over financial reporting each year, and an auditor attests it.'),
  (4, 3, '409', 'Real-time issuer disclosures', 'Material changes of the financial condition are disclosed rapidly.'),
  (4, 4, '802', 'Retention of records', 'Records of audits are kept for seven years; destroying or falsifying them is a crime.'),
  (4, 5, '806', 'Protection of whistleblowers', 'Employees who give evidence of fraud are protected.'),
  (5, 0, '1', 'Network security controls', 'Network security controls are installed and maintained.'),
  (5, 1, '2', 'Secure configurations', 'Secure configurations are applied to all system components.'),
  (5, 2, '3', 'Protection of stored account data', 'Stored account data are protected and kept no longer than needed.'),
  (5, 3, '4', 'Strong cryptography in transmission', 'Cardholder data are protected with strong cryptography over open networks.'),
  (5, 4, '6', 'Secure systems and software', 'Systems and software are developed and maintained securely.'),
  (5, 5, '7', 'Access by need to know', 'Access to system components and cardholder data is restricted by business need to know.'),
  (5, 6, '8', 'Identification and authentication', 'Users are identified and access to system components is authenticated.'),
  (5, 7, '10', 'Logging and monitoring', 'All access to system components and cardholder data is logged and monitored.'),
  (5, 8, '11', 'Regular tests', 'Security of systems and networks is tested regularly.'),
  (5, 9, '12', 'Information security policies', 'Information security is supported by organizational policies and programs.'),
  (6, 0, 'CC1', 'Control environment', 'The organization shows commitment to integrity, oversight, structure, competence and accountability.'),
  (6, 1, 'CC3', 'Risk assessment', 'Objectives are clear, and risks to them, fraud and change are assessed.'),
  (6, 2, 'CC5', 'Control activities', 'Controls are chosen and deployed through policies and technology.'),
  (6, 3, 'CC6', 'Logical and physical access controls', 'Access to systems and data is granted, reviewed and removed by need.'),
  (6, 4, 'CC7', 'System operations', 'Anomalies and incidents are detected, answered and recovered from.'),
  (6, 5, 'CC8', 'Change management', 'Changes are authorised, designed, tested, approved and deployed under control.'),
  (6, 6, 'CC9', 'Risk mitigation', 'Risks from disruption and vendors are reduced.'),
  (6, 7, 'A1', 'Availability', 'Capacity, backup and recovery meet the promised availability.'),
  (6, 8, 'C1', 'Confidentiality', 'Confidential information is identified, protected and disposed of.')
) AS r (framework, place, code, title, description)
ON CONFLICT DO NOTHING;
