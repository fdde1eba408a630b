DROP TABLE sales.deal_history, sales.deals, sales.pipeline_stages, sales.pipelines, sales.accounts;
DROP FUNCTION sales.record_deal_change();
DROP FUNCTION sales.advance_deal();
