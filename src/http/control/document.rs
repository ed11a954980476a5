//! The OpenAPI document: generated from the routes, and completed with what all routes have in
//! common.

use utoipa::openapi::schema::AdditionalProperties;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    Components, ContentBuilder, OpenApi as Document, Ref, RefOr, Response, ResponseBuilder, Schema,
};
use utoipa::{Modify, OpenApi};

use super::{accounts, agents, clep, objects, people, scripts};

/// The OpenAPI document of the routes, pretty-printed JSON.
///
/// # Errors
/// Only if serialising fails, which is a defect of ours.
pub fn openapi_document() -> Result<String, serde_json::Error> {
    ApiDocument::openapi().to_pretty_json()
}

/// Method, path and summary of each route, by path.
pub(super) fn routes() -> Vec<(&'static str, String, String)> {
    let mut routes = Vec::new();
    for (path, item) in ApiDocument::openapi().paths.paths {
        for (method, operation) in [("GET", item.get), ("POST", item.post), ("DELETE", item.delete)]
        {
            if let Some(operation) = operation {
                routes.push((method, path.clone(), operation.summary.unwrap_or_default()));
            }
        }
    }
    routes
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Holm control API",
        version = "1",
        description = "Inspect a running grid and act on it."
    ),
    servers((url = "/", description = "the control listener")),
    security((), ("token" = [])),
    modifiers(&Common),
    // Only a path has it, where utoipa does not look for schemas.
    components(schemas(super::object_model::ScriptCallName)),
    paths(
        super::health,
        super::ready,
        super::metrics,
        super::shutdown,
        agents::list,
        agents::circuits,
        agents::kick,
        accounts::list,
        accounts::create,
        accounts::show,
        accounts::set_password,
        accounts::remove,
        people::groups,
        people::sessions,
        people::friends,
        people::instant_message,
        objects::list,
        objects::create,
        objects::show,
        objects::remove,
        objects::events,
        objects::touch,
        objects::call,
        scripts::scripts,
        clep::traffic,
        clep::stream,
        clep::watch
    )
)]
struct ApiDocument;

/// What all routes have in common: the token, refusals, and closed request bodies.
struct Common;

impl Modify for Common {
    fn modify(&self, document: &mut Document) {
        for item in document.paths.paths.values_mut() {
            let operations = [&mut item.get, &mut item.post, &mut item.delete];
            for operation in operations.into_iter().flatten() {
                let responses = &mut operation.responses.responses;
                for (status, description) in REFUSALS {
                    responses.entry(status.to_owned()).or_insert_with(|| problem(description));
                }
                if operation.request_body.is_some() {
                    for (status, description) in BODY_REFUSALS {
                        responses.entry(status.to_owned()).or_insert_with(|| problem(description));
                    }
                }
                for (status, response) in responses.iter_mut() {
                    if let RefOr::T(response) = response
                        && response.description.is_empty()
                    {
                        default_description(status).clone_into(&mut response.description);
                    }
                }
            }
        }
        let components = document.components.get_or_insert_with(Components::new);
        let token = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        components.add_security_scheme("token", token);
        for name in CLOSED {
            if let Some(RefOr::T(Schema::Object(body))) = components.schemas.get_mut(name) {
                body.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
            }
        }
        // Either way will do: nothing on loopback without a token, else the token.
        document.security = Some(vec![
            SecurityRequirement::default(),
            SecurityRequirement::new::<_, [&str; 0], &str>("token", []),
        ]);
    }
}

/// Request bodies whose unknown fields are refused. A call takes other fields for each call.
const CLOSED: [&str; 8] = [
    "Kick",
    "NewAccount",
    "NewChildPrim",
    "NewMessage",
    "NewObjectRequest",
    "NewScript",
    "PasswordChange",
    "TouchRequest",
];

/// What any request may be answered with.
const REFUSALS: [(&str, &str); 4] = [
    ("401", "the bearer token is missing or wrong"),
    ("403", "the request comes from another web site, or names a host that is not this machine"),
    ("405", "the route does not have this method"),
    ("500", "a defect of Holm; please report it"),
];

/// What any request with a body may be answered with.
const BODY_REFUSALS: [(&str, &str); 3] = [
    ("400", "the request is invalid; `field` names the field at fault"),
    ("408", "the body did not arrive in time"),
    ("413", "the body is longer than 64 KiB"),
];

fn default_description(status: &str) -> &'static str {
    match status {
        "200" | "201" | "202" => "done",
        "400" => "the request is invalid; `field` names the field at fault",
        "404" => "nothing has that id or name",
        "409" => "it conflicts with what exists",
        _ => "the server cannot do it now",
    }
}

fn problem(description: &str) -> RefOr<Response> {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    RefOr::T(
        ResponseBuilder::new()
            .description(description)
            .content("application/json", content)
            .build(),
    )
}
