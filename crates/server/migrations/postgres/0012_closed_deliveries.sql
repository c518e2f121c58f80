-- outcome: why a delivery with failed_at is not tried any more. `given_up` when its tries were used up or the receiver wants
-- no more, `sink_removed` when a server started whose configuration does not name the sink. Older rows have none.
ALTER TABLE delivery ADD COLUMN outcome TEXT;
