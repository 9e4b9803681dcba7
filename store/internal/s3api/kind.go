package s3api

// A kind is what an answer comes to, whatever the operation.
type kind int

const (
	other     kind = iota
	absent         // no such object
	noBucket       // no such bucket
	refused        // a condition was not met
	forbidden      // the credentials were refused
	mismatch       // the body is not what its checksum says
	passing        // it may be otherwise later
)

// kinds has the codes that say more than their HTTP status, or that come with a
// misleading one: an error after "200 OK" has any code.
var kinds = map[string]kind{
	"NoSuchKey": absent,
	"NotFound":  absent,

	"NoSuchBucket": noBucket,

	"PreconditionFailed": refused,

	"AccessDenied":          forbidden,
	"ExpiredToken":          forbidden,
	"ExpiredTokenException": forbidden,
	"InvalidToken":          forbidden,
	"RequestExpired":        forbidden,
	"RequestTimeTooSkewed":  forbidden,
	"TokenRefreshRequired":  forbidden,

	"BadDigest":                   mismatch,
	"InvalidDigest":               mismatch,
	"XAmzContentChecksumMismatch": mismatch,
	"XAmzContentSHA256Mismatch":   mismatch,

	// Another writer of the same key is on its way: look again.
	"ConditionalRequestConflict": passing,
	"OperationAborted":           passing,
	// Someone has removed the parts of an upload.
	"NoSuchUpload": passing,

	"IncompleteBody":         passing,
	"InternalError":          passing,
	"BandwidthLimitExceeded": passing,
	"RequestLimitExceeded":   passing,
	"RequestTimeout":         passing,
	"ServiceUnavailable":     passing,
	"SlowDown":               passing,
	"SlowDownRead":           passing,
	"SlowDownWrite":          passing,
	"Throttling":             passing,
	"ThrottlingException":    passing,
}

func (a Answer) kind() kind {
	if k, ok := kinds[a.Code]; ok {
		return k
	}
	switch s := a.Status; {
	case s == 401 || s == 403:
		return forbidden
	case s == 412:
		return refused
	case s == 408 || s == 429 || s >= 500 && s != 501:
		return passing
	case s >= 200 && s < 300: // it began to succeed
		return passing
	}
	return other
}
