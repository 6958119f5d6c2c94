// A plain service for comparison: net/http and pgx, one transaction or query per request, no cache, no batching.
//
// It serves the latest page of 20 posts with author, counts and "liked by me", and likes, on the tables of feed. It does
// less: no rate limits, blocks, moderation of what is shown, idempotency, boards, notifications or change log.
package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v4"
	"github.com/jackc/pgx/v4/pgxpool"
)

type author struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type post struct {
	ID           string    `json:"id"`
	Author       author    `json:"author"`
	Text         string    `json:"text"`
	LikeCount    int64     `json:"like_count"`
	CommentCount int64     `json:"comment_count"`
	LikedByMe    bool      `json:"liked_by_me"`
	PublishedAt  time.Time `json:"published_at"`
}

type page struct {
	Items []post `json:"items"`
}

type liked struct {
	Liked     bool  `json:"liked"`
	LikeCount int64 `json:"like_count"`
}

type claims struct {
	Sub string `json:"sub"`
	Exp int64  `json:"exp"`
}

var secret = []byte(os.Getenv("PLAIN_SECRET"))

// account returns the id of the account that the request's JWT (HS256) names.
func account(request *http.Request) (int64, error) {
	token := strings.TrimPrefix(request.Header.Get("Authorization"), "Bearer ")
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return 0, errors.New("no token")
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(parts[0] + "." + parts[1]))
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || !hmac.Equal(signature, mac.Sum(nil)) {
		return 0, errors.New("wrong signature")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return 0, err
	}
	var found claims
	if err := json.Unmarshal(payload, &found); err != nil {
		return 0, err
	}
	if found.Exp < time.Now().Unix() {
		return 0, errors.New("expired")
	}
	return strconv.ParseInt(found.Sub, 10, 64)
}

const latest = `
SELECT posts.id, accounts.id, accounts.name, revisions.text, stats.like_count, stats.comment_count,
       EXISTS (SELECT FROM likes WHERE likes.post_id = posts.id AND likes.account_id = $1), posts.published_at
FROM posts
JOIN accounts ON accounts.id = posts.author_id
JOIN post_revisions AS revisions ON revisions.post_id = posts.id AND revisions.revision = posts.revision
JOIN post_stats AS stats ON stats.post_id = posts.id
WHERE posts.state = 'published'
ORDER BY posts.published_at DESC, posts.id DESC
LIMIT 20`

func list(ctx context.Context, pool *pgxpool.Pool, viewer int64) (page, error) {
	rows, err := pool.Query(ctx, latest, viewer)
	if err != nil {
		return page{}, err
	}
	defer rows.Close()
	found := page{Items: make([]post, 0, 20)}
	for rows.Next() {
		var each post
		var id, by int64
		if err := rows.Scan(&id, &by, &each.Author.Name, &each.Text, &each.LikeCount, &each.CommentCount,
			&each.LikedByMe, &each.PublishedAt); err != nil {
			return page{}, err
		}
		each.ID, each.Author.ID = strconv.FormatInt(id, 10), strconv.FormatInt(by, 10)
		found.Items = append(found.Items, each)
	}
	return found, rows.Err()
}

func like(ctx context.Context, pool *pgxpool.Pool, postID, by int64) (liked, error) {
	answer := liked{Liked: true}
	err := pool.BeginFunc(ctx, func(tx pgx.Tx) error {
		added, err := tx.Exec(ctx, "INSERT INTO likes (post_id, account_id) VALUES ($1, $2) ON CONFLICT DO NOTHING", postID, by)
		if err != nil {
			return err
		}
		return tx.QueryRow(ctx,
			"UPDATE post_stats SET like_count = like_count + $2 WHERE post_id = $1 RETURNING like_count",
			postID, added.RowsAffected()).Scan(&answer.LikeCount)
	})
	return answer, err
}

func answer(writer http.ResponseWriter, body interface{}, err error) {
	writer.Header().Set("Content-Type", "application/json")
	if err != nil {
		log.Print(err)
		writer.WriteHeader(http.StatusInternalServerError)
		return
	}
	_ = json.NewEncoder(writer).Encode(body)
}

func main() {
	config, err := pgxpool.ParseConfig(os.Getenv("PLAIN_DATABASE_URL"))
	if err != nil {
		log.Fatal(err)
	}
	config.MaxConns = 16
	pool, err := pgxpool.ConnectConfig(context.Background(), config)
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("/hello", func(writer http.ResponseWriter, _ *http.Request) {
		answer(writer, map[string]string{"hello": "world"}, nil)
	})
	http.HandleFunc("/v1/feeds/latest", func(writer http.ResponseWriter, request *http.Request) {
		viewer, err := account(request)
		if err != nil {
			http.Error(writer, err.Error(), http.StatusUnauthorized)
			return
		}
		found, err := list(request.Context(), pool, viewer)
		answer(writer, found, err)
	})
	http.HandleFunc("/v1/posts/", func(writer http.ResponseWriter, request *http.Request) {
		parts := strings.Split(request.URL.Path, "/")
		by, err := account(request)
		if err != nil {
			http.Error(writer, err.Error(), http.StatusUnauthorized)
			return
		}
		postID, err := strconv.ParseInt(parts[3], 10, 64)
		if err != nil || request.Method != http.MethodPut || len(parts) != 5 || parts[4] != "like" {
			http.NotFound(writer, request)
			return
		}
		done, err := like(request.Context(), pool, postID, by)
		answer(writer, done, err)
	})
	log.Fatal(http.ListenAndServe(os.Getenv("PLAIN_ADDRESS"), nil))
}
