// The error of the mail library.

/** The parts of the mail library's errors that say what happened. */
export interface SmtpFault {
  readonly code?: string | undefined;
  /** The command that the server replied to. */
  readonly command?: string | undefined;
  /** The SMTP code of the reply, if there was one. */
  readonly responseCode?: number | undefined;
  readonly response?: string | undefined;
  readonly recipient?: string | undefined;
  readonly rejectedErrors?: readonly SmtpFault[] | undefined;
  /** Set if the server had not sent anything yet. */
  readonly isUnanswered?: boolean | undefined;
  /** Which time limit was exceeded, if one was. */
  readonly timeoutType?: string | undefined;
}
