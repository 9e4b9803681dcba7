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
	throttled      // the same, if there are fewer requests
)

// kinds has the codes that say more than their HTTP status, or that come with a
// misleading one: an error after "200 OK" has any code.
var kinds = map[string]kind{
	"NoSuchKey":    absent,
	"NoSuchUpload": absent,
	"NotFound":     absent,

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

	"IncompleteBody": passing,
	"InternalError":  passing,
	"RequestTimeout": passing,

	"BandwidthLimitExceeded": throttled,
	"RequestLimitExceeded":   throttled,
	"ServiceUnavailable":     throttled,
	"SlowDown":               throttled,
	"SlowDownRead":           throttled,
	"SlowDownWrite":          throttled,
	"Throttling":             throttled,
	"ThrottlingException":    throttled,
	"TooManyRequests":        throttled,
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
	case s == 429 || s == 503:
		return throttled
	case s == 408 || s >= 500 && s != 501:
		return passing
	case s >= 200 && s < 300: // it began to succeed
		return passing
	}
	return other
}
