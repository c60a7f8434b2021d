// SPDX-License-Identifier: GPL-3.0-or-later
// The calls of hostile_call.h that are about files and commands.
#pragma once

#include "hostile_call.h"

bool hostile_list_files(struct hostile_run *run, struct pebble_error *error);
bool hostile_begin_list(struct hostile_run *run, struct pebble_call **call, struct pebble_error *error);
bool hostile_file_exists(struct hostile_run *run, struct pebble_error *error);
bool hostile_is_directory(struct hostile_run *run, struct pebble_error *error);
bool hostile_push_file(struct hostile_run *run, struct pebble_error *error);
bool hostile_begin_push(struct hostile_run *run, struct pebble_call **call, struct pebble_error *error);
bool hostile_pull_file(struct hostile_run *run, struct pebble_error *error);
bool hostile_begin_pull(struct hostile_run *run, struct pebble_call **call, struct pebble_error *error);
bool hostile_make_directory(struct hostile_run *run, struct pebble_error *error);
bool hostile_begin_make(struct hostile_run *run, struct pebble_call **call, struct pebble_error *error);
bool hostile_remove_path(struct hostile_run *run, struct pebble_error *error);
bool hostile_begin_remove(struct hostile_run *run, struct pebble_call **call, struct pebble_error *error);
bool hostile_push_path(struct hostile_run *run, struct pebble_error *error);
bool hostile_pull_path(struct hostile_run *run, struct pebble_error *error);
bool hostile_exec(struct hostile_run *run, struct pebble_error *error);
bool hostile_exec_check(struct hostile_run *run, struct pebble_error *error);
bool hostile_begin_exec(struct hostile_run *run, struct pebble_call **call, struct pebble_error *error);
