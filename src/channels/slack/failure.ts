// What Slack's error words mean: try again, ask a person, or give up.

import { type FailureKind, type FailureReason, SendError } from '../../model/errors.ts';

/**
 * Slack's documented errors of chat.postMessage and of incoming webhooks, by who can mend them. What is in none of these
 * lists may pass by itself. Source: docs.slack.dev, reference of chat.postMessage, and "Sending messages using
 * incoming webhooks".
 */
const TOKEN_ERRORS = words(`
  not_authed invalid_auth account_inactive token_revoked token_expired invalid_token no_permission missing_scope
  not_allowed_token_type access_denied org_login_required ekm_access_denied enterprise_is_restricted
  team_access_not_granted team_not_found two_factor_setup_required action_prohibited no_service no_service_id no_team
  team_disabled invalid_team`);
const CHANNEL_ERRORS = words(`
  channel_not_found not_in_channel is_archived channel_is_archived restricted_action restricted_action_non_threadable_channel
  restricted_action_read_only_channel restricted_action_thread_locked restricted_action_thread_only_channel
  posting_to_general_channel_denied messages_tab_disabled user_not_found is_inactive cannot_reply_to_message
  slack_connect_canvas_sharing_blocked slack_connect_file_link_sharing_blocked external_channel_migrating as_user_not_supported`);
const MESSAGE_ERRORS = words(`
  no_text msg_too_long too_many_attachments too_many_contact_cards invalid_blocks invalid_blocks_format
  msg_blocks_too_long attachment_payload_limit_exceeded markdown_text_conflict metadata_too_large
  metadata_must_be_sent_from_app invalid_metadata_format invalid_metadata_schema invalid_arguments invalid_arg_name
  invalid_array_arg invalid_charset invalid_form_data invalid_json json_not_object invalid_post_type missing_post_type
  invalid_payload missing_text_or_fallback_or_attachments method_deprecated deprecated_endpoint duplicate_message_not_found`);

/** Words about Slack's own state. The same request may succeed a moment later. */
const SLACK_ERRORS = words(
  'ratelimited rate_limited internal_error fatal_error service_unavailable request_timeout',
);

/** Errors after which Slack may still take the same text without blocks and metadata. */
const FORM_ERRORS = words(`
  invalid_blocks invalid_blocks_format msg_blocks_too_long too_many_attachments attachment_payload_limit_exceeded
  metadata_too_large metadata_must_be_sent_from_app invalid_metadata_format invalid_metadata_schema invalid_payload`);

/** The failure that Slack's error word means; `passing` for words that are not listed (docs/channels.md). */
export function slackFailure(code: string, retryAfterMs: number | null = null): SendError {
  const text = `Slack refused: ${code}`;
  const of = (reason: FailureReason, kind: FailureKind) =>
    new SendError(reason, kind, text, { retryAfterMs });
  if (TOKEN_ERRORS.has(code)) return of('auth', 'person');
  if (CHANNEL_ERRORS.has(code)) return of('refused', 'person');
  if (MESSAGE_ERRORS.has(code)) return of('invalid', 'final');
  if (code.startsWith('rate')) return of('rate_limited', 'passing');
  return of('server', 'passing');
}

/** Whether a text is one of Slack's documented error words. */
export function isSlackWord(code: string): boolean {
  return TOKEN_ERRORS.has(code) || CHANNEL_ERRORS.has(code) || MESSAGE_ERRORS.has(code);
}

/** Whether Slack had a fault of its own, so that its answer to the request is not known. */
export function isSlackTrouble(code: string): boolean {
  return SLACK_ERRORS.has(code);
}

/** Errors of a message whose thread is gone or closed; outside of it Slack may take the message. */
const THREAD_ERRORS = words(`
  thread_not_found message_not_found invalid_thread_ts cannot_reply_to_message restricted_action_thread_locked
  restricted_action_non_threadable_channel`);

export function isThreadRefused(code: string): boolean {
  return THREAD_ERRORS.has(code);
}

export function isFormRefused(code: string): boolean {
  return FORM_ERRORS.has(code);
}

function words(list: string): ReadonlySet<string> {
  return new Set(list.trim().split(/\s+/));
}
