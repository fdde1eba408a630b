DROP TABLE governance.compliance_issues, governance.control_tests, governance.control_requirements,
  governance.compliance_controls, governance.compliance_requirements, governance.compliance_frameworks;
DROP FUNCTION governance.advance_issue();
DROP FUNCTION governance.check_evidence();
DROP FUNCTION governance.check_control();
DROP FUNCTION governance.take_test_over();
DROP FUNCTION governance.next_verification(text, timestamptz);
REVOKE USAGE ON SCHEMA governance FROM portico_worker;
