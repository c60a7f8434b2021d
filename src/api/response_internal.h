// SPDX-License-Identifier: GPL-3.0-or-later
// Private to api/: responses. Each function ends the call.
#pragma once

#include "api/call_internal.h"
#include "state/change.h"

#define JSON_CONTENT_TYPE "application/json"

void api_respond_result(struct api_call *call, const struct buffer *result); // 200, `result` is JSON text
void api_respond_result_status(struct api_call *call, int status, const struct buffer *result); // still type "sync"
// 200, when all modifications of the state so far have been saved.
void api_respond_saved_result(struct api_call *call, const struct buffer *result);
void api_respond_true(struct api_call *call);
void api_respond_saved(struct api_call *call); // 200 without a result, when the state has been saved
void api_respond_change(struct api_call *call, const struct change *change); // 202, when the change has been saved
void api_respond_change_result(struct api_call *call, const struct change *change, const struct buffer *result);
void api_respond_error(struct api_call *call, const struct error *err);         // its kind determines the status
void api_respond_bad_handshake(struct api_call *call, const struct error *err); // 400 to a request for a websocket
void api_respond_failure(struct api_call *call, enum error_kind kind, const char *format, ...) PRINTF_LIKE(3, 4);
// For a JSON body with wrong members: responds with the decode error of the call and the reason.
void api_respond_decode_error(struct api_call *call, const struct error *err);
