import { CALL, COMMUNICATION, EMAIL, MEETING, NOTE, TASK } from "../object-types.ts";

/** What calls, e-mails and the like have in common. */
export const ENGAGEMENTS = `
hs_createdate | Create date | datetime ro
hs_lastmodifieddate | Last modified date | datetime ro
hs_timestamp | Activity date | datetime
hs_engagement_source | Source | string ro
hs_activity_type | Call and meeting type | enumeration
hs_attachment_ids | Attached file IDs | enumeration/checkbox
`;

/** What each has of its own, by type. */
export const ENGAGEMENT_BY_TYPE: Readonly<Record<string, string>> = {
  [CALL]: `
hs_call_title | Call title | string
hs_call_body | Call notes | string/html
hs_call_direction | Call direction | enumeration/radio | INBOUND=Inbound, OUTBOUND=Outbound
hs_call_disposition | Call outcome | enumeration | 9d9162e7-6cf3-4944-bf63-4dff82258764=Busy, f240bbac-87c9-4f6e-bf70-924b57d47db7=Connected, a4c4c377-d246-4b32-a13b-75a56a4cd0ff=Left live message, b2cf5968-551e-4856-9783-52b3da59a7d0=Left voicemail, 73a0d17f-1163-4015-bdd5-ec830791da20=No answer, 17b47fee-58de-441e-a44c-c6300d46f273=Wrong number
hs_call_duration | Call duration | number
hs_call_from_number | From number | string
hs_call_to_number | To number | string
hs_call_status | Call status | enumeration | BUSY, CALLING_CRM_USER, CANCELED, COMPLETED, CONNECTING, FAILED, IN_PROGRESS, MISSED, NO_ANSWER, QUEUED, RINGING
hs_call_recording_url | Recording URL | string
`,
  [EMAIL]: `
hs_email_subject | Email subject | string
hs_email_text | Text body | string/textarea
hs_email_html | Email body | string/html
hs_email_direction | Email direction | enumeration | EMAIL=Email, INCOMING_EMAIL=Incoming email, FORWARDED_EMAIL=Forwarded email, DRAFT_EMAIL=Draft email
hs_email_status | Email send status | enumeration | BOUNCED, FAILED, SCHEDULED, SENDING, SENT
hs_email_from_email | Email from address | string ro
hs_email_to_email | Email to address | string ro
hs_email_headers | Email headers | string/textarea
hs_email_open_count | Number of opens | number ro
hs_email_reply_count | Number of replies | number ro
hs_sequence_id | Sequence ID | number ro
`,
  [MEETING]: `
hs_meeting_title | Meeting name | string
hs_meeting_body | Meeting description | string/html
hs_internal_meeting_notes | Internal meeting notes | string/html
hs_meeting_start_time | Meeting start time | datetime
hs_meeting_end_time | Meeting end time | datetime
hs_meeting_location | Meeting location | string
hs_meeting_outcome | Meeting outcome | enumeration | SCHEDULED=Scheduled, COMPLETED=Completed, RESCHEDULED=Rescheduled, NO_SHOW=No show, CANCELED=Canceled
hs_meeting_external_url | External URL | string
`,
  [NOTE]: `
hs_note_body | Note body | string/html
`,
  [TASK]: `
hs_task_subject | Task title | string
hs_task_body | Task notes | string/html
hs_task_status | Task status | enumeration | COMPLETED=Completed, DEFERRED=Deferred, IN_PROGRESS=In progress, NOT_STARTED=Not started, WAITING=Waiting
hs_task_priority | Task priority | enumeration | HIGH=High, MEDIUM=Medium, LOW=Low, NONE=None
hs_task_type | Task type | enumeration | CALL=Call, EMAIL=Email, LINKED_IN=LinkedIn, MEETING=Meeting, TODO=To-do
hs_task_completion_date | Completed at | datetime ro
hs_task_is_completed | Is complete | number calc
hs_task_reminders | Reminders | string
`,
  [COMMUNICATION]: `
hs_communication_body | Communication body | string/html
hs_communication_channel_type | Channel type | enumeration | LINKEDIN_MESSAGE=LinkedIn message, SMS, WHATS_APP=WhatsApp
hs_communication_logged_from | Logged from | enumeration | CRM
`,
};
