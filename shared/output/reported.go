package output

import (
	"errors"
	"io"
)

// reported marks an error whose object is already on stdout.
type reported struct{ error }

func (r reported) Unwrap() error { return r.error }

// Reported marks err as told in the object that was just encoded, so that no
// second object follows it. A command that encodes its own report and then
// fails returns Reported(err); nil stays nil.
func Reported(err error) error {
	if err == nil {
		return nil
	}
	return reported{err}
}

// IsReported says whether err was marked by Reported.
func IsReported(err error) bool {
	var mark reported
	return errors.As(err, &mark)
}

// EncodeFailure writes the Failure object of err, or nothing when err is nil
// or Reported.
func EncodeFailure(w io.Writer, format Format, err error) error {
	if err == nil || IsReported(err) {
		return nil
	}
	return Encode(w, format, Failure{Header: Head("Failure"), Error: *ProblemOf(err)})
}
