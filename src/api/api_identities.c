// SPDX-License-Identifier: GPL-3.0-or-later
// /v1/identities.
#include "api/api_internal.h"

#include "api/body_internal.h"
#include "api/response_internal.h"
#include "base/memory.h"

void api_get_identities(struct api_call *call) {
    AUTO_BUFFER struct buffer result = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct json_writer writer;
    json_writer_init(&writer, &result, true);
    identity_store_write(call->api->spec.identities, &writer);
    api_respond_result(call, &result);
}

static bool read_action(const char *name, enum identity_action *action, struct error *err) {
    if (identity_action_by_name(name, action))
        return true;
    AUTO_FREE char *quoted = text_quoted(name);
    return error_set(err, ERROR_BAD_REQUEST,
                     "invalid action %s, must be \"add\", \"update\", \"replace\", or \"remove\"", quoted);
}

// As in the reference, identities of members that are given twice are taken together, and those of the later one count.
static bool read_identities(const json_t *body, struct identity_set *set, struct error *err) {
    AUTO_JSON json_t *all = json_object();
    size_t count = 0;
    struct json_members members = json_members_of(body, "identities");
    for (json_t *member; (member = json_members_next(&members)) != NULL; count++) {
        identity_set_finish(set);
        if (!identity_set_read(member, set, err))
            return false;
        if (json_is_null(member))
            json_object_clear(all);
        else
            json_object_update(all, member);
    }
    if (count < 2)
        return true;
    identity_set_finish(set);
    return identity_set_read(all, set, err);
}

static void on_identities_body(struct api_call *call, const json_t *body) {
    const char *name = "";
    enum identity_action action;
    AUTO_IDENTITY_SET struct identity_set set = {0};
    AUTO_ERROR struct error err = {0};
    if (!json_get_text(body, "request", "action", &name, &err) || !read_identities(body, &set, &err)) {
        api_respond_decode_error(call, &err);
        return;
    }
    // As in the reference, an invalid identity is reported before an invalid action.
    if (identity_set_check(&set, &err) && read_action(name, &action, &err) &&
        identity_store_apply(call->api->spec.identities, action, &set, api_identity(call)->user, &err))
        api_respond_saved(call);
    else
        api_respond_error(call, &err);
}

void api_post_identities(struct api_call *call) {
    api_read_json(call, "cannot decode request body", on_identities_body);
}
