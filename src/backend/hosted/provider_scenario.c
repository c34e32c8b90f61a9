/*
 * provider_scenario: the Scenario Generation API as a table. Where each fact is from:
 *
 *   base address, Basic      help.scenario.com "Getting started with API: example"; docs.scenario.com "Key concepts, terminology"
 *   projectId                docs.scenario.com samples; the service's own Blender plug-in (github scenario-labs/blender-plugin), in any call
 *   generate/custom          docs.scenario.com "Third-party model generation"
 *   dryRun                   a query only: in the body it is ignored and a paid job runs, as the plug-in's makers saw
 *   jobs, status words       the plug-in knows pending, queued, warming-up, in-progress, finalizing, success, failure, canceled, and
 *                            shows the other words of ends below; docs.scenario.com "Audio generation" says processing and failed
 *   pageSize (at most 200),  the plug-in; this spelling is confirmed for the list of models and taken for that of jobs. One model is its
 *   paginationToken          own cheap look at whether a key is good
 *   jobs/{job}/action        taken from uploads/{upload}/action: the SDK has one verb for both; no page has it
 *   uploads, audio types     docs.scenario.com "Uploading assets": audio/mpeg, audio/wav, audio/ogg, audio/m4a; FLAC is not listed
 *   hosts of downloads       docs.scenario.com "CDN" and an older sample there; the plug-in allows these two
 *   names of the variables   the service's SDK has SCENARIO_SDK_API_KEY and _SECRET; scripts of its users have these
 */
#include "backend/hosted/wire.h"

static const char *const asset_hosts[] = { "cdn.cloud.scenario.com", "cdn.scenario.com", NULL };

const struct provider provider_scenario = {
	.name = "scenario",
	.base_url = "https://api.cloud.scenario.com/v1",
	.key_variable = "SCENARIO_API_KEY",
	.secret_variable = "SCENARIO_API_SECRET",
	.file_variable = "SCENARIO_CREDENTIALS",
	.url_variable = "SCENARIO_API_URL",
	.project_variable = "SCENARIO_PROJECT",
	.submit = "/generate/custom/{model}",
	.dry_run_query = "dryRun=true",
	.job = "/jobs/{job}",
	.jobs = "/jobs?pageSize=100", /* an answer of 100 jobs with long prompts stays far below what is read at once */
	.job_action = "/jobs/{job}/action",
	.uploads = "/uploads",
	.upload = "/uploads/{upload}",
	.upload_action = "/uploads/{upload}/action",
	.asset = "/assets/{asset}",
	.models = "/models?pageSize=1", /* asked for nothing but to see whether the key is good */
	.next_page = "paginationToken=",
	.asset_hosts = asset_hosts,
	.statuses = {
		{ "pending", WIRE_RUNNING },
		{ "queued", WIRE_RUNNING },
		{ "warming-up", WIRE_RUNNING },
		{ "in-progress", WIRE_RUNNING },
		{ "processing", WIRE_RUNNING },
		{ "finalizing", WIRE_RUNNING },
		{ "success", WIRE_SUCCEEDED },
		{ "succeeded", WIRE_SUCCEEDED },
		{ "completed", WIRE_SUCCEEDED },
		{ "failure", WIRE_FAILED },
		{ "failed", WIRE_FAILED },
		{ "error", WIRE_FAILED },
		{ "canceled", WIRE_CANCELED },
		{ "cancelled", WIRE_CANCELED },
	},
	.audio = {
		{ "audio/wav", ".wav" },
		{ "audio/mpeg", ".mp3" },
		{ "audio/ogg", ".ogg" },
		{ "audio/m4a", ".m4a" },
	},
};
