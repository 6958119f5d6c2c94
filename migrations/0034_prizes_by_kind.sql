-- Statements named kinds of prizes, and each knew where a winner's prizes keep theirs: the kinds come as a parameter, and this alone looks into the document.
CREATE FUNCTION has_prize_of(prizes jsonb, kinds text[]) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN jsonb_path_query_array(prizes, '$[*].kind') ?| kinds;
