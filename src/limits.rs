//! Every bound in one place, with its unit and its reason; relations between them are asserted when the crate is compiled.

use std::time::Duration;

/// Tenants an instance takes.
pub const TENANTS_MAX: usize = 10_000;
/// Keys a tenant takes, revoked ones included (they stay as audit).
pub const KEYS_MAX: usize = 10_000;
/// Uses of keys that one entry writes down.
pub const KEY_USES_PER_ENTRY_MAX: usize = 1_000;
/// How old a key's use may become before the timer writes it down, in seconds: what a crash may take back.
pub const KEY_USE_UNNOTED_SECONDS: u64 = 10 * 60;
/// How far a key's own use must lie behind what is written of it before reading keys with that very key writes it down again,
/// in seconds: else every look at the keys would be an entry.
pub const KEY_OWN_USE_SECONDS: u64 = 60;
/// Resources a tenant takes.
pub const RESOURCES_MAX: usize = 1_000;
/// Services a tenant takes.
pub const SERVICES_MAX: usize = 1_000;
/// Blocks one resource takes.
pub const BLOCKS_PER_RESOURCE_MAX: usize = 10_000;
/// Weekly windows one resource takes.
pub const OPENING_HOURS_MAX: usize = 64;
/// Exceptions one resource takes: a year of days, twice.
pub const EXCEPTIONS_MAX: usize = 800;
/// Resources that may give one service.
pub const SERVICE_RESOURCES_MAX: usize = 200;
/// Lists of resources that stand by in one service.
pub const SERVICE_ALSO_LISTS_MAX: usize = 8;
/// Overbookings of one resource on one day: each is looked at with every claim of that day.
pub const OVERBOOKINGS_PER_DAY_MAX: usize = 100;
/// Appointments of one series: a year of weeks, and one.
pub const SERIES_OCCURRENCES_MAX: u32 = 53;
/// Weeks from one appointment of a series to the next.
pub const SERIES_WEEKS_MAX: u32 = 52;
/// Longest appointment, in minutes.
pub const SERVICE_MINUTES_MAX: u32 = 24 * 60;
/// Longest buffer on either side, in minutes.
pub const BUFFER_MINUTES_MAX: u32 = 12 * 60;
/// Longest step between starts, in minutes.
pub const STEP_MINUTES_MAX: u32 = 24 * 60;
/// Longest notice, in minutes: a quarter of a year.
pub const NOTICE_MINUTES_MAX: u32 = 90 * 24 * 60;
/// Furthest horizon, in days: two years.
pub const HORIZON_DAYS_MAX: u32 = 730;
/// The horizon of a service that names none, in days.
pub const HORIZON_DAYS_DEFAULT: u32 = 90;
/// Starts that a service may have on one day over all its resources: what one look at a day may cost.
pub const SERVICE_STARTS_PER_DAY_MAX: usize = 30_000;
/// Longest block, in days.
pub const BLOCK_DAYS_MAX: i64 = 366;
/// Longest name of a resource, service or key, in characters.
pub const NAME_CHARS_MAX: usize = 120;

/// Rows on one page of a list.
pub const PAGE_ROWS_MAX: usize = 1_000;
/// Rows on a page that names no limit.
pub const PAGE_ROWS_DEFAULT: usize = 50;
/// Rows one look at a list may pass over while it filters; a page may then be short and go on by its cursor.
pub const SCAN_ROWS_MAX: usize = 20_000;
/// Claims one look for conflicts may judge; a page may then be short and go on by its cursor.
pub const CONFLICT_CLAIMS_MAX: usize = 2_000;
/// Resource-days one look for slots may open; a page may then be short and go on by its cursor.
pub const SCAN_RESOURCE_DAYS_MAX: usize = 1_000;
/// Starts one look for slots may pass over; it ends with the day in which it gets there.
pub const SCAN_STARTS_MAX: usize = 30_000;
/// Day sheets kept ready per tenant.
pub const DAY_SHEETS_MAX: usize = 20_000;
/// Alternatives offered for a taken slot.
pub const ALTERNATIVES_MAX: usize = 3;
/// How far to both sides alternatives are looked for, in days.
pub const ALTERNATIVE_DAYS_MAX: i64 = 14;

/// How long an idempotency key is remembered, in seconds.
pub const REQUEST_REMEMBERED_SECONDS: i64 = 24 * 60 * 60;
/// How long holds that ended and texts that settled stay to be looked up, in seconds; no shorter than the above.
pub const ENDED_KEPT_SECONDS: i64 = 48 * 60 * 60;
/// How long a tenant that sleeps may keep what is to be dropped, in seconds: it is woken once for a day's worth.
pub const SLEEPER_FORGETS_SECONDS: i64 = 24 * 60 * 60;
/// How long a call is known after what was last heard of it, in seconds: a report that comes again finds it.
pub const CALL_KEPT_SECONDS: i64 = 7 * 24 * 60 * 60;
/// How long it goes by its name after that was first heard, in seconds: a day on the telephone longer than the above.
pub const CALL_NAMED_SECONDS: i64 = CALL_KEPT_SECONDS + 24 * 60 * 60;
/// Rows one pass of forgetting or sweeping takes, so that no single entry grows without bound.
pub const SWEEP_ROWS_MAX: usize = 200;

/// Things that are still to come for someone and that one step of erasing them ends: of more, it takes several steps.
pub const ERASED_ROWS_MAX: usize = 400;
/// Entries that one step of an erasure lists, and what it says of others again beside that.
pub const ERASED_ENTRIES_PER_STEP_MAX: usize = 200;
/// How soon after a start a tenant that sleeps on is woken, so that it forgets who never booked, in seconds.
pub const UNBOOKED_LOOK_SECONDS: i64 = 24 * 60 * 60;
/// How long the phone of someone who was erased counts as the same, in seconds: as long as wrong codes are counted.
pub const FORMER_CALLER_SECONDS: i64 = CALLER_ATTEMPTS_WINDOW_SECONDS;

/// Agents' keys to which one hold is open beside the one that placed it; the oldest gives way.
pub const HOLD_AGENTS_MAX: usize = 16;
/// Wrong codes one phone may give over all its holds within the window below.
pub const CALLER_ATTEMPTS_MAX: u32 = 20;
/// The window of the above, in seconds.
pub const CALLER_ATTEMPTS_WINDOW_SECONDS: i64 = 24 * 60 * 60;
/// Within how many seconds the texts of one phone are counted.
pub const PHONE_TEXTS_WINDOW_SECONDS: i64 = 10 * 60;
/// Texts of one phone that are remembered; no setting allows more.
pub const PHONE_TEXTS_KEPT: usize = 32;
/// The day of all budgets, in seconds.
pub const BUDGET_DAY_SECONDS: i64 = 24 * 60 * 60;
/// Of so many codes to a prefix one at least has to be used, or no further ones are sent there.
pub const PREFIX_USED_ONE_IN: u64 = 10;
/// How long after a notice was certainly not sent it is first tried again, in seconds; each further time twice as long.
pub const NOTICE_PAUSE_SECONDS: i64 = 30;
/// At most so long.
pub const NOTICE_PAUSE_SECONDS_MAX: i64 = 60 * 60;
/// How long a notice is tried before it is given up, in seconds.
pub const NOTICE_TRIED_SECONDS: i64 = 6 * 60 * 60;
/// Attempts to send one text: a text in flight at a crash may go twice, never three times.
pub const TEXT_ATTEMPTS_MAX: u32 = 2;

/// Largest request body, in bytes.
pub const BODY_BYTES_MAX: usize = 1 << 20;
/// How long a body may take to arrive.
pub const BODY_TIME_MAX: Duration = Duration::from_secs(30);
/// How long a caller's connection is kept open without a request. Longer than clients keep theirs (a minute or a minute and a half as they
/// come), so that it is the client who closes: one that sends just when the server closes never learns what became of its request.
pub const IDLE_CONNECTION_TIME_MAX: Duration = Duration::from_secs(120);
/// How long the head of a connection's first request may take to arrive.
pub const HEAD_TIME_MAX: Duration = Duration::from_secs(10);
/// Requests in flight on the whole machine before further ones are refused; some 64 KiB each at the most.
pub const REQUESTS_IN_FLIGHT_MAX: usize = 16_384;
/// Entries of the past that are read at once.
pub const HISTORY_ENTRIES_MAX: usize = 100;
/// Bytes of such entries after which a page is full.
pub const HISTORY_BYTES_MAX: usize = 256 << 10;
/// Changes after which one look at the past ends, with their entry: each is rendered for whoever listens.
pub const HISTORY_CHANGES_MAX: usize = 500;
/// Changes on one page of the audit list, after which it ends.
pub const AUDIT_CHANGES_MAX: usize = 1_000;
/// How often it is signed and logged what every tenant's chain has come to.
pub const CHECKPOINT_PAUSE: Duration = Duration::from_secs(60 * 60);
/// Tenants in one entry of a checkpoint, 56 bytes each: an entry has 64 KiB at the most.
pub const CHECKPOINT_HEADS_MAX: usize = 1_000;
/// Backups that are made at once; each reads the whole journal.
pub const BACKUPS_MAX: usize = 2;
/// Streams of live events that one tenant has open.
pub const EVENT_STREAMS_PER_TENANT_MAX: usize = 64;
/// Streams of live events on the whole machine.
pub const EVENT_STREAMS_MAX: usize = 4_096;
/// How often a stream on which nothing happens says that it lives; also how soon it notices that its key is over.
pub const EVENT_HEARTBEAT: Duration = Duration::from_secs(15);
/// Longest id of an event, in bytes.
pub const EVENT_ID_BYTES_MAX: usize = 40;
/// Longest idempotency key, in bytes.
pub const IDEMPOTENCY_KEY_BYTES_MAX: usize = 256;
/// Requests that may wait for one text's outcome.
pub const SETTLEMENT_WAITERS_MAX: usize = 64;
/// Texts that one tenant has in flight.
pub const TEXTS_IN_FLIGHT_PER_TENANT_MAX: usize = 16;
/// Texts in flight on the whole machine: many clinics whose provider is slow must not stop the others.
pub const TEXTS_IN_FLIGHT_MAX: usize = 1_024;
/// Outcomes and callbacks of one tenant that wait for the disk beside its share of requests: more than it has in flight.
pub const OUTCOMES_IN_FLIGHT_MAX: usize = 64;
/// Texts that may go again before any of them has earned its place by ten that go for the first time.
pub const TEXT_REPEATS_MAX: u32 = 100;
/// Attempts in a row of which nobody knows what became, after which an account is suspended.
pub const BREAKER_UNKNOWN_IN_A_ROW: u32 = 10;
/// How long it is suspended at first.
pub const BREAKER_PAUSE: Duration = Duration::from_secs(5);
/// How often that doubles at the most.
pub const BREAKER_DOUBLINGS_MAX: u32 = 5;
/// Longest rest that a provider is granted when it asks for one.
pub const CARRIER_REST_MAX: Duration = Duration::from_secs(5 * 60);
/// Largest answer of a provider that is read, in bytes; Twilio's have some 2 KiB.
pub const CARRIER_ANSWER_BYTES_MAX: usize = 64 << 10;
/// Largest callback of a provider, in bytes; a text has 1,600 characters at the most.
pub const CALLBACK_BYTES_MAX: usize = 64 << 10;
/// Callbacks of one tenant that came before their text was known.
pub const EARLY_CALLBACKS_MAX: usize = 256;
/// Texts that came in and are remembered, so that none is taken twice; of any more only a wish for no texts is heard.
pub const TAKEN_TEXTS_MAX: usize = 50_000;
/// How long after an answer to a text that says nothing its sender is not answered again, in seconds.
pub const ANSWERED_AGAIN_SECONDS: i64 = 24 * 60 * 60;
/// Appointments to come of one person that a look at their phone shows, and of all who share it.
pub const CALLER_APPOINTMENTS_MAX: usize = 20;
/// Persons of one phone whose appointments such a look goes through.
pub const CALLER_PERSONS_MAX: usize = 50;
/// Numbers of one clinic's voice line.
pub const VOICE_NUMBERS_MAX: usize = 100;
/// Largest settings of an assistant that are kept, in bytes.
pub const VOICE_ASSISTANT_BYTES_MAX: usize = 16 << 10;
/// How old a signature may be, or how far ahead its maker's clock, in seconds.
pub const VOICE_SIGNATURE_SECONDS: i64 = 5 * 60;
/// Within this a voice platform has its answer, whatever happens: the strictest that was found waits two seconds.
pub const VOICE_TIME_MAX: Duration = Duration::from_millis(1_700);
/// How long whoever answers a call waits for what is remembered of its caller.
pub const LOOK_TIME_MAX: Duration = Duration::from_millis(800);
/// How long the end of a call is offered to a clinic that is busy, whoever still waits for it.
pub const REPORT_TIME_MAX: Duration = Duration::from_secs(30);
/// How long a tool waits to learn whether a text went out.
pub const VOICE_TEXT_PATIENCE: Duration = Duration::from_millis(1_000);
/// Tool calls of one message that are carried out.
pub const TOOL_CALLS_MAX: usize = 16;
/// Longest sentence that a tool says, in characters.
pub const SPOKEN_CHARS_MAX: usize = 700;
/// How long the same tool with the same arguments in the same call is the same wish, in seconds: models ask twice.
pub const TOOL_TWINS_SECONDS: i64 = 5 * 60;
/// The same for what is rightly wished for again a moment later: a code, more time, letting go.
pub const TOOL_TWINS_SHORT_SECONDS: i64 = 15;
/// How long a hold that follows its call lasts from a sign of life on, in seconds.
pub const CALL_HOLD_SECONDS: u32 = 600;
/// How little time has to be left of it before that is written down: else every word would be an entry.
pub const CALL_HOLD_LEFT_SECONDS: u64 = 300;
/// Longest line of a model's reply, in bytes; a word's has some 300.
pub const UPSTREAM_LINE_BYTES_MAX: usize = 64 << 10;
/// Longest reply, in bytes as they come.
pub const UPSTREAM_REPLY_BYTES_MAX: usize = 1 << 20;
/// What a model may write to the tools that it calls in one reply, in bytes.
pub const UPSTREAM_TOOL_BYTES_MAX: usize = 16 << 10;
/// Turns of one clinic that are spoken at once: a slow model of one must not take the places of the others.
pub const TURNS_PER_TENANT_MAX: usize = 1_024;
/// How long a turn may take; voice platforms wait for 20 seconds.
pub const TURN_TIME_MAX: Duration = Duration::from_secs(18);
/// How long a turn may go on once the house begins to close.
pub const TURN_CLOSING_TIME_MAX: Duration = Duration::from_secs(2);
/// After so long without a word the caller's platform gets a sign of life, by which it is also noticed that it is gone.
pub const TURN_SIGN_OF_LIFE: Duration = Duration::from_secs(1);
/// How often a model is asked in one turn: each time but the last it may call tools.
pub const TURN_ROUNDS_MAX: usize = 5;
/// What a turn may say, in bytes: some ten minutes of speech.
pub const TURN_WORDS_BYTES_MAX: usize = 16 << 10;
/// Pieces of speech that wait for a slow platform.
pub const TURN_PIECES_MAX: usize = 64;
/// Messages of a conversation that a model gets, the newest.
pub const TURN_MESSAGES_MAX: usize = 60;
/// What they may hold, in bytes.
pub const TURN_MESSAGES_BYTES_MAX: usize = 64 << 10;
/// Passages of the clinic's own text that a model gets with a question.
pub const TURN_PASSAGES_MAX: usize = 4;
/// The longest a turn waits for what its question means before it goes on with the words alone. Providers take a tenth of a second
/// and the model's first word comes after that: so this is enough for what is known already, and the next question like it is.
pub const TURN_MEANING_TIME_MAX: Duration = Duration::from_millis(2);
/// Words of a question that one passage may answer by itself: longer ones want more than that.
pub const TURN_QUESTION_WORDS_MAX: usize = 16;
/// How long a connection to a clinic's model may take to come to be.
pub const UPSTREAM_CONNECT_TIME_MAX: Duration = Duration::from_secs(3);
/// How long after a connection was opened ahead none is opened to the same host, in seconds: less than it is kept.
pub const UPSTREAM_AHEAD_SECONDS: u64 = 45;
/// Hosts of which it is known when that was; beyond these none is opened ahead.
pub const UPSTREAM_HOSTS_MAX: usize = 1_024;
/// Connections to one host of models that are kept open while nobody asks.
pub const UPSTREAM_IDLE_CONNECTIONS_MAX: usize = 64;
/// How long they are: longer than the pauses of a conversation.
pub const UPSTREAM_IDLE_TIME_MAX: Duration = Duration::from_secs(120);
/// Connections to a provider that are kept open while nothing is sent.
pub const CARRIER_IDLE_CONNECTIONS_MAX: usize = 64;

/// Longest line that is kept of what someone said, in characters.
pub const REMARK_CHARS_MAX: usize = 500;
/// Lines that are kept of one caller; the oldest gives way.
pub const REMARKS_PER_CALLER_MAX: usize = 8;
/// Wishes, and offers, that are remembered of one caller; the oldest gives way.
pub const CONVERSATION_ROWS_MAX: usize = 8;
/// Of a free text about a call so many bytes are looked at, its end first: what was said last counts.
pub const CALL_TEXT_BYTES_MAX: usize = 16 << 10;
/// How long after its end a call is followed up whatever the hour, in seconds; later ones wait for the morning.
pub const FOLLOW_UP_FRESH_SECONDS: i64 = 15 * 60;
/// How long after its end a call is followed up at all, in seconds.
pub const FOLLOW_UP_LATEST_SECONDS: i64 = 24 * 60 * 60;
/// Follow-ups that one phone gets within a day.
pub const FOLLOW_UPS_PER_PHONE_MAX: usize = 3;
/// How long before its end a call may have begun, in seconds: what was booked since then was booked meanwhile.
pub const CALL_LONGEST_SECONDS: i64 = 60 * 60;
/// Names of one phone that free text is searched for.
pub const KNOWN_NAMES_MAX: usize = 50;
/// Bytes of what a clinic writes down about itself: one entry of the journal has to hold it.
pub const KNOWLEDGE_BYTES_MAX: usize = 48_000;
/// Clinics whose texts are kept ready to be searched; who was asked longest ago gives way.
pub const BOOKS_MAX: usize = 2_000;
/// What they take of memory, with what their passages mean, in bytes.
pub const BOOKS_BYTES_MAX: usize = 256 << 20;
/// Passages that a question finds, and of each order so many are joined.
pub const PASSAGES_FOUND_MAX: usize = 20;
/// Passages that a platform's own model is given at once.
pub const DOCUMENTS_MAX: usize = 5;
/// Passages of one text that an embedding model is asked about, from the first on; the others are found by their words.
pub const PASSAGES_EMBEDDED_MAX: usize = 1_024;
/// Bytes of a text's vectors that a question is compared with on the thread that asks; more takes milliseconds.
pub const VECTORS_AT_ONCE_BYTES_MAX: usize = 2 << 20;
/// Passages in one request to an embedding model.
pub const PASSAGES_PER_REQUEST_MAX: usize = 32;
/// Texts whose passages are asked about at the same time; the next wait.
pub const TEXTS_EMBEDDED_AT_ONCE_MAX: usize = 16;
/// Numbers that an embedding may have.
pub const EMBEDDING_DIMENSIONS_MAX: usize = 4_096;
/// Bytes that one number may take in an answer, and bytes of an answer beside its numbers.
pub const EMBEDDING_NUMBER_BYTES_MAX: usize = 28;
/// See [`EMBEDDING_NUMBER_BYTES_MAX`].
pub const EMBEDDING_ANSWER_EXTRA_BYTES_MAX: usize = 64 << 10;
/// How long a question waits for what it means, unless the operator says otherwise; then its words alone find the passages.
pub const EMBEDDING_DEADLINE: Duration = Duration::from_millis(150);
/// How long a request to an embedding model may take: one that comes late helps whoever asks the same next.
pub const EMBEDDING_TIME_MAX: Duration = Duration::from_secs(10);
/// The same for a batch of passages, which nobody waits for: a model on the clinic's own machine takes its time.
pub const EMBEDDING_TEXTS_TIME_MAX: Duration = Duration::from_secs(60);
/// Longest question that an embedding model is asked about, in bytes.
pub const EMBEDDED_QUESTION_BYTES_MAX: usize = 2_000;
/// Questions of one clinic that are at its embedding model at the same time; the next are found by their words.
pub const EMBEDDINGS_IN_FLIGHT_PER_CLINIC_MAX: usize = 8;
/// How often a request about passages is made before its clinic's model is left alone for a while.
pub const EMBEDDING_ATTEMPTS_MAX: u32 = 3;
/// The pause before the second attempt; it doubles.
pub const EMBEDDING_RETRY_PAUSE: Duration = Duration::from_millis(500);
/// Questions in a row that got no answer in time before a clinic's embedding model is left alone for a while.
pub const EMBEDDING_FAULTS_IN_A_ROW: u32 = 5;
/// How long it is left alone, in seconds; it doubles, up to the second of these.
pub const EMBEDDING_REST_SECONDS: [i64; 2] = [30, 15 * 60];
/// Questions whose meaning is kept, and what they take of memory in bytes.
pub const QUESTIONS_KEPT_MAX: usize = 8_000;
/// See [`QUESTIONS_KEPT_MAX`].
pub const QUESTIONS_KEPT_BYTES_MAX: usize = 64 << 20;

/// Entries of a tenant's waitlist that have not ended: what one look for whom a freed time fits may walk.
pub const WAITLIST_ENTRIES_MAX: usize = 10_000;
/// Entries of one phone that have not ended.
pub const WAITLIST_ENTRIES_PER_PHONE_MAX: usize = 10;
/// Offers that an entry may leave unanswered before it is over.
pub const OFFERS_UNANSWERED_MAX: u32 = 5;
/// Starts that an entry has passed up and that are remembered, so that they are not offered to it again.
pub const PASSED_UP_STARTS_MAX: usize = 32;
/// Shortest offer, in seconds: nobody could answer a shorter one.
pub const OFFER_SECONDS_MIN: i64 = 60;
/// Freed stretches of time that wait to be offered; further ones are not offered to anyone.
pub const FREED_MAX: usize = 20_000;
/// Freed stretches that one decision looks at.
pub const FREED_LOOKS_MAX: usize = 16;
/// What one decision may spend on looking whom freed time fits, in entries walked (some 12 ns each); the next goes on.
pub const OFFER_WORK_MAX: usize = 30_000;
/// What one look at a resource's hours, or at who could stand by, costs beside that.
pub const OFFER_WORK_PER_LOOK: usize = 200;
/// Starts within one freed stretch that one decision looks at, for each service.
pub const OFFER_STARTS_MAX: usize = 1_500;
/// Offers that are decided before the next message of a tenant is taken; the rest follows soon after.
pub const OFFER_STEPS_MAX: usize = 8;

const _: () = assert!(TURNS_PER_TENANT_MAX * 4 <= REQUESTS_IN_FLIGHT_MAX);
const _: () = assert!(TURN_CLOSING_TIME_MAX.as_millis() < TURN_TIME_MAX.as_millis());
const _: () = assert!(TEXTS_IN_FLIGHT_PER_TENANT_MAX <= OUTCOMES_IN_FLIGHT_MAX);
const _: () = assert!(TEXTS_IN_FLIGHT_PER_TENANT_MAX <= TEXTS_IN_FLIGHT_MAX);
// One clinic's text is a small part of what is kept of all.
const _: () = assert!(8 * PASSAGES_EMBEDDED_MAX * EMBEDDING_DIMENSIONS_MAX * 4 <= BOOKS_BYTES_MAX);
const _: () = assert!(PASSAGES_PER_REQUEST_MAX <= PASSAGES_EMBEDDED_MAX);
const _: () = assert!(FOLLOW_UPS_PER_PHONE_MAX <= CONVERSATION_ROWS_MAX);
const _: () = assert!(NOTICE_TRIED_SECONDS < ENDED_KEPT_SECONDS);
const _: () = assert!(PAGE_ROWS_DEFAULT <= PAGE_ROWS_MAX);
const _: () = assert!(PAGE_ROWS_MAX <= SCAN_ROWS_MAX);
const _: () = assert!(ENDED_KEPT_SECONDS >= REQUEST_REMEMBERED_SECONDS);
const _: () = assert!(SERVICE_RESOURCES_MAX <= SCAN_RESOURCE_DAYS_MAX);
const _: () = assert!(SERVICE_RESOURCES_MAX <= RESOURCES_MAX);
// Two appointments of a series never meet, buffers included: they are a week apart at least.
const _: () = assert!(SERVICE_MINUTES_MAX + 2 * BUFFER_MINUTES_MAX < 7 * 24 * 60 - 60);
