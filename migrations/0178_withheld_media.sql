-- Media that their owner does not get any more: what is left of a deleted post is evidence, for reviewers alone.
CREATE VIEW withheld_media AS
SELECT media.id AS media_id
FROM media JOIN posts ON posts.id = media.post_id
WHERE posts.state = 'deleted';
