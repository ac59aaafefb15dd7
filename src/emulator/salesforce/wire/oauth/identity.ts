import { jsonAnswer } from "../../../server/answer.ts";
import { VendorError } from "../../org.ts";
import { type Call, param, type WireContext } from "../call.ts";
import { vendorInstant } from "../vendor-text.ts";
import { adminSession } from "./sessions.ts";

const API_RESOURCES = ["rest", "sobjects", "search", "query", "recent", "tooling_rest"] as const;

const REST_PATHS: Readonly<Record<(typeof API_RESOURCES)[number], string>> = {
  rest: "/services/data/v{version}/",
  sobjects: "/services/data/v{version}/sobjects/",
  search: "/services/data/v{version}/search/",
  query: "/services/data/v{version}/query/",
  recent: "/services/data/v{version}/recent/",
  tooling_rest: "/services/data/v{version}/tooling/",
};

interface Person {
  readonly name: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly email: string;
  readonly zone: string;
  readonly locale: string;
  readonly language: string;
}

/** Read with the admin's eyes: what a user may see of objects does not limit what the app is told of the user. */
function personOf(context: WireContext, call: Call): Person {
  let user: Readonly<Record<string, unknown>> = {};
  try {
    user = context.org.retrieve(adminSession(context.org), "User", call.session.userId);
  } catch (error) {
    if (!(error instanceof VendorError)) throw error;
  }
  const text = (field: string, otherwise: string) => {
    const value = user[field];
    return typeof value === "string" ? value : otherwise;
  };
  const lastName = text("LastName", call.session.isAdmin ? "Admin" : "Integration");
  const firstName = text("FirstName", "");
  return {
    name: text("Name", `${firstName} ${lastName}`.trim()),
    firstName,
    lastName,
    email: text("Email", call.session.username),
    zone: text("TimeZoneSidKey", "Europe/Berlin"),
    locale: text("LocaleSidKey", "en_US"),
    language: text("LanguageLocaleKey", "en_US"),
  };
}

function urls(context: WireContext, call: Call): Record<string, string> {
  const soap = (letter: string) =>
    `${context.url}/services/Soap/${letter}/{version}/${context.org.organizationId}`;
  return {
    enterprise: soap("c"),
    metadata: soap("m"),
    partner: soap("u"),
    ...Object.fromEntries(API_RESOURCES.map((name) => [name, `${context.url}${REST_PATHS[name]}`])),
    profile: `${context.url}/${call.session.userId}`,
    feeds: `${context.url}/services/data/v{version}/chatter/feeds`,
    groups: `${context.url}/services/data/v{version}/chatter/groups`,
    users: `${context.url}/services/data/v{version}/chatter/users`,
    feed_items: `${context.url}/services/data/v{version}/chatter/feed-items`,
    feed_elements: `${context.url}/services/data/v{version}/chatter/feed-elements`,
    custom_domain: context.url,
  };
}

const photos = (context: WireContext) => ({
  picture: `${context.url}/profilephoto/005/F`,
  thumbnail: `${context.url}/profilephoto/005/T`,
});

/** `GET /services/oauth2/userinfo`: the 23 keys that real orgs return. */
export function userinfo(context: WireContext, call: Call) {
  const person = personOf(context, call);
  return jsonAnswer(200, {
    sub: `${context.url}/id/${context.org.organizationId}/${call.session.userId}`,
    user_id: call.session.userId,
    organization_id: context.org.organizationId,
    preferred_username: call.session.username,
    nickname: person.lastName.toLowerCase(),
    name: person.name,
    email: person.email,
    email_verified: true,
    given_name: person.firstName === "" ? null : person.firstName,
    family_name: person.lastName,
    zoneinfo: person.zone,
    photos: photos(context),
    profile: `${context.url}/${call.session.userId}`,
    picture: photos(context).picture,
    address: {},
    is_salesforce_integration_user: !call.session.isAdmin,
    urls: urls(context, call),
    active: true,
    user_type: "STANDARD",
    language: person.language,
    locale: person.locale,
    utcOffset: 0,
    updated_at: "2026-01-01T00:00:00Z",
  });
}

/** `GET /id/ORG/USER`. @throws VendorError NOT_FOUND for anybody but the asking user */
export function identity(context: WireContext, call: Call) {
  const { organizationId } = context.org;
  if (param(call, "organization") !== organizationId || param(call, "user") !== call.session.userId) {
    throw new VendorError(403, "FORBIDDEN", "Missing_OAuth_Token");
  }
  const person = personOf(context, call);
  return jsonAnswer(200, {
    id: `${context.url}/id/${organizationId}/${call.session.userId}`,
    asserted_user: true,
    user_id: call.session.userId,
    organization_id: organizationId,
    username: call.session.username,
    nick_name: person.lastName.toLowerCase(),
    display_name: person.name,
    email: person.email,
    email_verified: true,
    first_name: person.firstName === "" ? null : person.firstName,
    last_name: person.lastName,
    timezone: person.zone,
    photos: photos(context),
    addr_street: null,
    addr_city: null,
    addr_state: null,
    addr_country: null,
    addr_zip: null,
    mobile_phone: null,
    mobile_phone_verified: false,
    is_lightning_login_user: false,
    status: { created_date: null, body: null },
    urls: urls(context, call),
    active: true,
    user_type: "STANDARD",
    language: person.language,
    locale: person.locale,
    utcOffset: 0,
    last_modified_date: vendorInstant(new Date("2026-01-01T00:00:00Z")),
    is_app_installed: true,
  });
}
